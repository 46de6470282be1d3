"""Examples: the demo, and exports used in tf.data and Keras."""
