"""Draws the picture of docs/scaling.md from the figures that scale.py kept.

python benchmarks/scale_plot.py docs/scale.json docs/scaling.png
"""

from matplotlib.figure import Figure
from scale import NETWORKS

from keras_secn.training.app import run_app
from keras_secn.utils.errors import UserError
from keras_secn.utils.json_file import read_object


def step_seconds(devices, *, work, gradients, peak, fraction, link, latency):
    """Seconds of a step on `devices`: see docs/scaling.md.

    Args:
        work: floating-point operations of a step over the global batch.
        gradients: bytes that are summed over the devices.
        peak: floating-point operations per second of a device.
        fraction: of the peak that is reached.
        link: bytes per second between two neighbors in the ring.
        latency: seconds of each of the ring's hops.
    """
    compute = work / devices / (peak * fraction)
    ring = 2 * (devices - 1) * (gradients / devices / link + latency)
    return compute + ring


def plot(figures, path):
    fig = Figure((11, 4.4), layout="constrained")
    left, right = fig.subplots(1, 2)
    rows = figures["allreduce"]
    for count, color in ((2, "tab:blue"), (4, "tab:orange")):
        points = [row for row in rows if row["processes"] == count]
        size = [4e-6 * NETWORKS[row["network"]] for row in points]
        times = [1e3 * row["seconds"] for row in points]
        left.loglog(size, times, "o-", color=color, label=f"{count} processes")
    left.legend()
    left.set(
        xlabel="gradients, MB", ylabel="all-reduce, ms", title="Measured over the loopback (gloo)"
    )
    left.grid(alpha=0.3, which="both")

    devices = [1, 2, 4, 8, 16, 32, 64, 128]
    # 3 = forward and twice as much backward; 2 = multiply and add
    per_pixel = {"CT-SECN_16": 0.347e6, "SECN": 1.375e6, "EDSR B32F256": 40.7e6}
    styles = {"CT-SECN_16": "tab:green", "SECN": "tab:purple", "EDSR B32F256": "tab:red"}
    for name, color in styles.items():
        for batch, style in ((16, "--"), (1024, "-")):
            work = 6 * per_pixel[name] * 48 * 48 * batch
            times = [
                step_seconds(
                    n,
                    work=work,
                    gradients=4 * NETWORKS[name],
                    peak=200e12,
                    fraction=0.2,
                    link=100e9 if n <= 8 else 12.5e9,
                    latency=5e-6 if n <= 8 else 15e-6,
                )
                for n in devices
                if n <= batch
            ]
            speed = [times[0] / t for t in times]
            right.loglog(
                devices[: len(speed)], speed, style, color=color, label=f"{name}, batch {batch}"
            )
    right.loglog(devices, devices, ":", color="gray", label="ideal")
    right.set(
        xlabel="GPUs", ylabel="speed-up over one", title="Computed: 8 GPUs to a machine, 100 Gbit/s"
    )
    right.legend(fontsize=8)
    right.grid(alpha=0.3, which="both")
    right.set_xticks(devices, devices)
    right.set_yticks(devices, devices)
    fig.savefig(path, dpi=110)


def main(argv):
    if len(argv) != 3:
        raise UserError("usage: scale_plot.py FIGURES.json PICTURE.png")
    figures = read_object(argv[1])
    if "allreduce" not in figures:
        raise UserError(f"{argv[1]} has no all-reduce: benchmarks/scale.py --part allreduce")
    plot(figures, argv[2])


if __name__ == "__main__":
    run_app(main, positional=True)
