"""Faults of trainings: killed, stopped, damaged, two at once, a full disk, a wrong clock."""

import contextlib
import os
import shutil
import signal
import subprocess
import time

from fault_bench import FLAGS, Skipped, damage, fault, last_line, message, small_disk
from pictures import noise
from PIL import Image
from processes import wait_for


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
