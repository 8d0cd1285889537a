"""Kills, cuts and corrupts, and prints what was lost. `make faults` runs it.

    python tests/faults.py --rounds 50
    python tests/faults.py --rounds 3 --only cache

After each fault the same command is run again, and its result is compared with that of a run
nobody disturbed: to the bit, on one device. Some faults need root (a small tmpfs as a full disk) or
a C compiler (a clock that was moved back); they say so where they are left out.
"""

import argparse
import contextlib
import functools
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import numpy as np
from pictures import noise
from PIL import Image
from processes import differences, start, wait_for

FAULTS = {}
FLAGS = {"steps": 60, "interval": 20}
REPOSITORY = pathlib.Path(__file__).parents[1]


class Skipped(Exception):
    """The fault cannot be made here."""


def fault(group, text):
    def register(function):
        FAULTS[function.__name__] = (group, text, function)
        return function

    return register


class Bench:
    """A folder with photographs, and undisturbed runs to compare with.

    Args:
        folder: an empty folder.
        seed: of the moments at which faults come.
    """

    def __init__(self, folder, seed=0):
        self.folder = pathlib.Path(folder)
        self.random = random.Random(seed)
        self.photos = self.folder / "photos"
        self.photos.mkdir()
        for number in range(4):
            pixels = noise((90, 80 + number), number)
            Image.fromarray(pixels).save(self.photos / f"{number}.png")

    def fresh(self, name):
        path = self.folder / name
        shutil.rmtree(path, ignore_errors=True)
        return path

    def trainer(self, folder, photos=None, cache=None, **flags):
        """Starts a training, and returns it and the file of what it prints."""
        log = self.folder / f"{folder.name}.log"
        where = (folder, photos or self.photos, cache or self.folder / "cache")
        return start(log, *where, **{**FLAGS, **flags}), log

    def finish(self, folder, **options):
        """Runs a training to its end and returns what it printed."""
        process, log = self.trainer(folder, **options)
        assert process.wait() == 0, log.read_text()
        return log.read_text()

    @functools.cached_property
    def reference(self):
        """An undisturbed training, and the seconds it took."""
        folder, started = self.folder / "reference", time.monotonic()
        self.finish(folder)
        return folder, time.monotonic() - started

    def check(self, folder):
        """The result is the undisturbed one, to the bit: weights, losses and scores."""
        assert differences(folder, self.reference[0]) == (0.0, 0.0)


def last_line(text):
    """The message of a program that has ended, without names of folders."""
    lines = [line for line in text.splitlines() if line.strip()]
    assert "Traceback" not in text, text
    words = (
        word.rsplit("/", 1)[-1] if word.startswith("/") else word for word in lines[-1].split()
    )
    return " ".join(words)


def message(log):
    return last_line(log.read_text())


# --- training


@fault("training", "kill -9 at random moments")
def killed_training(bench, rounds):
    kills = finished = lost = 0
    seconds = bench.reference[1]
    folder = bench.fresh("killed")
    while kills < rounds:
        process, log = bench.trainer(folder)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(bench.random.uniform(0.2, 1.0) * seconds)
        if process.poll() is None:
            process.kill()
            process.wait()
            kills += 1
            lost = max(lost, unsaved_steps(log.read_text()))
            continue
        assert process.returncode == 0, log.read_text()
        bench.check(folder)
        finished += 1
        folder = bench.fresh("killed")
    bench.finish(folder)
    bench.check(folder)
    cost = f"at most {lost} steps, done again" if lost else "nothing, not a step"
    return kills, cost, "none (kill -9)"


def unsaved_steps(text):
    done = sum(line.startswith("step ") for line in text.splitlines())
    return done % FLAGS["interval"]


@fault("training", "SIGTERM and SIGINT at random steps")
def stopped_training(bench, rounds):
    folder = bench.fresh("stopped")
    stops = earlier = 0
    while stops < rounds:
        process, log = bench.trainer(folder, nap=0.01)
        number = (signal.SIGTERM, signal.SIGINT)[stops % 2]
        while process.poll() is None and "step " not in log.read_text():
            time.sleep(0.01)
        time.sleep(bench.random.uniform(0, 0.15))
        if process.poll() is None:
            process.send_signal(number)
        status = process.wait()
        text = log.read_text()
        if status == 0:
            bench.check(folder)
            folder, earlier = bench.fresh("stopped"), 0
            continue
        assert status == 128 + number, text
        stops += 1
        resumed = int(text.split("skip ")[1].split()[0])
        done = sum(line.startswith("step ") for line in text.splitlines())
        said = int(text.split("stopped at step ")[1].split()[0])
        # the step at which it stops is saved, and no longer printed
        assert resumed + done <= said <= resumed + done + 1, text
        assert resumed == earlier, text
        earlier = said
        line = message(log)
    assert f"skip {earlier}\n" in bench.finish(folder)
    bench.check(folder)
    return stops, "nothing, not a step", line


@fault("training", "checkpoint cut short or a bit flipped")
def damaged_checkpoint(bench, rounds):
    half = bench.fresh("half")
    process, log = bench.trainer(half, nap=0.02)
    wait_for("step ", log, process)
    # between the two renamings there is no checkpoint.keras, and nothing to damage
    names = ("checkpoint.previous.keras", "checkpoint.keras")
    while not all((half / "network" / name).exists() for name in names):
        time.sleep(0.01)
    process.kill()
    process.wait()
    for number in range(rounds):
        folder = bench.fresh("damaged")
        shutil.copytree(half, folder)
        damage(folder / "network" / "checkpoint.keras", bench.random, number)
        text = bench.finish(folder)
        (line,) = [line for line in text.splitlines() if line.startswith("warning:")]
        assert "going on from step 20 of checkpoint.previous.keras" in line
        bench.check(folder)
    for name in ("checkpoint.keras", "checkpoint.previous.keras"):
        damage(half / "network" / name, bench.random, 0)
    process, log = bench.trainer(half)
    assert process.wait() == 1 and message(log).startswith("error:"), log.read_text()
    return rounds, "one interval, done again", last_line(line)


def damage(path, chance, number):
    content = bytearray(path.read_bytes())
    if number % 2:
        # in the weights: the archive's own names and dates are checked as well, or harmless
        place = chance.randrange(len(content) // 3, 2 * len(content) // 3)
        content[place] ^= 1 << chance.randrange(8)
    else:
        del content[chance.randrange(len(content)) :]
    path.write_bytes(content)


@fault("training", "photographs removed and replaced under it")
def changed_photographs(bench, rounds):
    for number in range(min(rounds, 3)):
        photos = bench.fresh("changing")
        shutil.copytree(bench.photos, photos)
        folder = bench.fresh("changed")
        process, log = bench.trainer(folder, photos=photos, nap=0.02)
        wait_for("step ", log, process)
        (photos / "0.png").unlink()
        Image.fromarray(noise((70, 70), number)).save(photos / "1.png")
        assert process.wait() == 0, log.read_text()
        bench.check(folder)
    return min(rounds, 3), "nothing: it reads its cache", "none"


@fault("training", "two runs on one folder")
def two_runs(bench, rounds):
    for _ in range(min(rounds, 3)):
        folder = bench.fresh("shared")
        first, log = bench.trainer(folder, nap=0.05)
        wait_for("skip ", log, first)
        log.rename(folder.with_suffix(".first"))
        # it holds the folder however long the second one takes to come
        first.send_signal(signal.SIGSTOP)
        second, log = bench.trainer(folder)
        assert second.wait() == 1, log.read_text()
        line = message(log)
        first.send_signal(signal.SIGCONT)
        assert first.wait() == 0
        bench.check(folder)
    return min(rounds, 3), "nothing: the second one leaves", line


@fault("training", "clock moved back a year in the middle")
def clock_moved_back(bench, rounds):
    library = bench.folder / "clock.so"
    source = bench.folder / "clock.c"
    source.write_text(CLOCK)
    if not shutil.which("cc"):
        raise Skipped("no C compiler")
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    folder = bench.fresh("clock")
    process, log = bench.trainer(folder, nap=0.02)
    while not (folder / "network" / "history.json").exists():
        assert process.poll() is None, log.read_text()
        time.sleep(0.01)
    process.terminate()
    assert process.wait() == 128 + signal.SIGTERM, log.read_text()
    os.environ["LD_PRELOAD"] = str(library)
    try:
        year = subprocess.run(["date", "+%Y"], capture_output=True, text=True, check=True).stdout
        assert int(year) < time.gmtime().tm_year
        bench.finish(folder)
    finally:
        del os.environ["LD_PRELOAD"]
    bench.check(folder)
    return 1, "nothing", "none"


CLOCK = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>
#include <sys/time.h>
#define BACK (370L * 24 * 3600)
int clock_gettime(clockid_t clock, struct timespec *now) {
  int (*real)(clockid_t, struct timespec *) = dlsym(RTLD_NEXT, "clock_gettime");
  int result = real(clock, now);
  if (clock == CLOCK_REALTIME) now->tv_sec -= BACK;
  return result;
}
int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  struct timespec t;
  int result = clock_gettime(CLOCK_REALTIME, &t);
  now->tv_sec = t.tv_sec;
  now->tv_usec = t.tv_nsec / 1000;
  return result;
}
time_t time(time_t *out) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  if (out) *out = t.tv_sec;
  return t.tv_sec;
}
"""


# --- cache


BUILDER = """
import sys, zlib
from keras_secn.data import photo_cache
photo_cache.SHARD_PHOTOS = 4
from keras_secn.training.app import run_app
def main(argv):
    cache = photo_cache.PhotoCache.build(argv[1], argv[2], progress=False)
    sums = [zlib.crc32(f(i)) for i in range(len(cache)) for f in (cache.lr, cache.hr)]
    print(zlib.crc32(str(sums).encode()), cache.names == sorted(cache.names), len(cache))
sys.argv.insert(1, "--")
run_app(main, positional=True)
"""


def builder(bench, cache):
    photos = bench.folder / "many"
    if not photos.exists():
        photos.mkdir()
        for number in range(24):
            Image.fromarray(noise((300, 320), number)).save(photos / f"{number:02d}.jpg")
    command = [sys.executable, "-c", BUILDER, photos, cache]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )


def built(bench, cache):
    process = builder(bench, cache)
    text, _ = process.communicate()
    assert process.returncode == 0, text
    return text


@fault("cache", "kill -9 at random moments")
def killed_build(bench, rounds):
    started, whole = time.monotonic(), bench.fresh("whole")
    expected = built(bench, whole)
    seconds = time.monotonic() - started
    kills = 0
    while kills < rounds:
        cache = bench.fresh("killed-cache")
        for _ in range(3):
            process = builder(bench, cache)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(bench.random.uniform(0.2, 1) * seconds)
            kills += process.poll() is None
            process.kill()
            process.communicate()
        assert built(bench, cache) == expected
        # the same files, nothing left over
        assert {p.name for p in cache.glob("*/*")} == {p.name for p in whole.glob("*/*")}
    return kills, "a shard at most, built again", "none (kill -9)"


@fault("cache", "a file cut short, a bit flipped or a file removed")
def damaged_cache(bench, rounds):
    cache = bench.fresh("damaged-cache")
    expected = built(bench, cache)
    for number in range(rounds):
        path = bench.random.choice([p for p in sorted(cache.glob("*/*")) if p.name != ".lock"])
        if number % 3 == 2:
            path.unlink()
        else:
            damage(path, bench.random, number)
        assert built(bench, cache) == expected
    return rounds, "a shard, built again", "none"


# --- a full disk


@contextlib.contextmanager
def small_disk(bench, kilobytes):
    folder = bench.fresh("disk")
    folder.mkdir()
    options = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", folder]
    if os.geteuid() or subprocess.run(options, capture_output=True).returncode:
        raise Skipped("needs root, to mount a small tmpfs")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


@fault("training", "disk full at a checkpoint")
def full_disk_training(bench, rounds):
    tried = 0
    for kilobytes in (100, 300, 420, 560)[: max(1, rounds)]:
        with small_disk(bench, kilobytes) as disk:
            folder = disk / "run"
            process, log = bench.trainer(folder)
            if process.wait() == 0:
                continue
            line = message(log)
            assert process.returncode == 1 and "No space left" in line, line
            tried += 1
            subprocess.run(["mount", "-o", "remount,size=50m", disk], check=True)
            bench.finish(folder)
            bench.check(folder)
    return tried, "nothing that was saved", line


@fault("cache", "disk full")
def full_disk_cache(bench, rounds):
    expected = built(bench, bench.fresh("whole"))
    for kilobytes in (200, 1000, 3000, 7000)[: max(1, rounds)]:
        with small_disk(bench, kilobytes) as disk:
            process = builder(bench, disk / "cache")
            text, _ = process.communicate()
            assert process.returncode == 1, text
            line = last_line(text)
            assert "No space left" in line
            subprocess.run(["mount", "-o", "remount,size=50m", disk], check=True)
            assert built(bench, disk / "cache") == expected
    return min(4, max(1, rounds)), "nothing that was built", line


# --- export and upscaling


def command_killed(bench, rounds, command, output, expected):
    """Kills a command at random moments: its output is not there, or whole."""
    started = time.monotonic()
    subprocess.run(command, check=True, capture_output=True)
    seconds = time.monotonic() - started
    whole = expected(output)
    kills = 0
    while kills < rounds:
        output.unlink(missing_ok=True)
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        # the end, when files are written, more often than the rest
        moment = seconds * bench.random.choice([1.0, bench.random.random(), 0.95])
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(moment * bench.random.uniform(0.9, 1.02))
        kills += process.poll() is None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if output.exists():
            np.testing.assert_array_equal(expected(output), whole)
    subprocess.run(command, check=True, capture_output=True)
    np.testing.assert_array_equal(expected(output), whole)
    return kills, "nothing: no half file", "none (kill -9)"


@functools.lru_cache
def tiny_network(folder):
    code = (
        "import sys, keras; from keras_secn import build_ct_secn; keras.utils.set_random_seed(1);"
        "build_ct_secn(n=1, blocks=2, filters=8).save(sys.argv[1])"
    )
    path = folder / "tiny.keras"
    subprocess.run([sys.executable, "-c", code, path], check=True, capture_output=True)
    return path


def export_command(bench, output):
    script = REPOSITORY / "tflite" / "convert.py"
    flags = ["--model", tiny_network(bench.folder), "--quantization", "none", "--noprogress"]
    return [sys.executable, script, *flags, "--out", output]


@fault("export", "kill -9 at random moments")
def killed_export(bench, rounds):
    output = bench.folder / "exported" / "tiny.tflite"
    output.parent.mkdir(exist_ok=True)

    def expected(path):  # the description in the file tells the time: compare what it computes
        from keras_secn.lite.interpreter import LiteModel

        return LiteModel(path)(noise((20, 24), 0))

    return command_killed(bench, rounds, export_command(bench, output), output, expected)


@fault("upscaling", "kill -9 at random moments")
def killed_upscaling(bench, rounds):
    model = bench.folder / "tiny.tflite"
    if not model.exists():
        subprocess.run(export_command(bench, model), check=True, capture_output=True)
    picture, output = bench.folder / "large.png", bench.folder / "upscaled" / "large.png"
    Image.fromarray(noise((600, 800), 0)).save(picture)
    output.parent.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "keras_secn.cli", "upscale", picture, "-o", output]
    command += ["--model", model, "--overwrite"]
    return command_killed(bench, rounds, command, output, lambda path: np.asarray(Image.open(path)))


# --- the table


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
