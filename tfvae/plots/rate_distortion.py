"""Rate-distortion figures: runs, and the best trade-off of a decoder."""

from collections.abc import Sequence

from tfvae.plots.comparisons import Table, labelled_axes, tradeoff

_RATE, _DISTORTION = "rate (nats)", "distortion (nats)"


def rate_distortion(
    table: Table = (), curve=None, by: str = "model", label: str | Sequence[str] = ()
):
    """Plots distortion E_q[-log p(x|z)] against rate KL(q(z|x) || p(z)); Alemi et al. 2018.

    Points with the same ELBO lie on a line of slope -1; lines closer to the origin are better
    (arXiv:1711.00464).

    Args:
        table: rows with `kl` and `reconstruction`, such as those of a sweep's results.csv; rows
            without them are skipped.
        curve: `tfvae.evaluation.RateDistortion` of a decoder, a line that no encoder can go below;
            not drawn if None.
        by: column of the family, which sets colour and marker.
        label: columns of coefficients, written next to the means of rows that have them.

    Raises:
        ValueError: if there is neither a curve nor a row with both columns.
    """
    rows = [
        {**row, _RATE: row["kl"], _DISTORTION: -row["reconstruction"]}
        for row in table
        if row.get("kl") not in (None, "") and row.get("reconstruction") not in (None, "")
    ]
    if not rows and curve is None:
        raise ValueError("table has no row with kl and reconstruction, and curve is None; give one")
    figure = (
        tradeoff(rows, _RATE, _DISTORTION, by, label)
        if rows
        else labelled_axes(_RATE, _DISTORTION)[0]
    )
    (axes,) = figure.axes
    if curve is not None:
        axes.plot(curve.rate, curve.distortion, color="0.3", linewidth=1.5, label="decoder's best")
        axes.legend(frameon=False)
    return figure
