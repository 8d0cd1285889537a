"""Kills, cuts and corrupts, and prints what was lost. `make faults` runs it.

    python tests/faults.py --rounds 50
    python tests/faults.py --rounds 3 --only cache

After each fault the same command is run again, and its result is compared with that of a run
nobody disturbed: to the bit, on one device. Some faults need root (a small tmpfs as a full disk) or
a C compiler (a clock that was moved back); they say so where they are left out.
"""

import argparse
import contextlib
import importlib
import tempfile

from fault_bench import FAULTS, Bench, Skipped

# each enters its faults into the table, in this order
for NAME in ("faults_of_training", "faults_of_cache", "faults_of_commands"):
    importlib.import_module(NAME)


def run(names, rounds, folder, seed=0, report=lambda row: None):
    """Tries the faults of these names and returns the table's rows.

    Raises:
        AssertionError: something was lost; after all were tried.
    """
    rows, wrong = [], []
    with contextlib.ExitStack() as stack:
        bench = Bench(folder or stack.enter_context(tempfile.TemporaryDirectory()), seed)
        for name in names:
            group, text, function = FAULTS[name]
            try:
                row = (group, text, *map(str, function(bench, rounds)))
            except Skipped as reason:
                row = (group, text, "0", "left out", str(reason))
            except AssertionError as error:
                wrong.append(f"{name}: {error}")
                row = (group, text, "", "**failed**", str(error).strip().split("\n")[-1])
            rows.append(row)
            report(row)
    assert not wrong, "\n\n".join(wrong)
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=50, help="faults of each kind")
    parser.add_argument("--only", help="part of a fault's name or group")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    options = parser.parse_args()
    names = [
        name
        for name, (group, _, _) in FAULTS.items()
        if not options.only or options.only in (group, name) or options.only in name
    ]
    print("| what | fault | times | lost | message |\n|---|---|---|---|---|", flush=True)
    run(
        *(names, options.rounds, None, options.seed),
        report=lambda row: print("| " + " | ".join(row) + " |", flush=True),
    )


if __name__ == "__main__":
    main()
