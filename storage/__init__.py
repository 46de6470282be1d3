"""Files and folders that training, exports and servers share; imports no TensorFlow."""
