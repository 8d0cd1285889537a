#!/bin/sh
# Checks a folder of tflite/android/parity.py on an emulated arm64 processor:
#
#     tflite/android/emulated_arm64.sh PARITY_FOLDER [WORK_FOLDER]
#
# Debian 12's packages bring the emulator (qemu-user-static), Python and the C library, PyPI the
# interpreter. It is tflite-runtime 2.14: LiteRT 2.3's wheel crashes in Debian's emulator. Nothing is
# installed: all is unpacked into WORK_FOLDER (default: /tmp/keras-secn-arm64) and kept for the next
# time. Downloading needs root once: for `dpkg --add-architecture arm64` and `apt-get update`.
set -eu
parity=$(realpath "${1:?usage: emulated_arm64.sh PARITY_FOLDER [WORK_FOLDER]}")
work=${2:-/tmp/keras-secn-arm64}
repository=$(realpath "$(dirname "$0")/../..")
python=${PYTHON:-python3}

if [ ! -e "$work/done" ]; then
    for tool in apt-get dpkg unzip; do
        command -v $tool > /dev/null || { echo "error: needs $tool, of Debian 12" >&2; exit 1; }
    done
    mkdir -p "$work/packages" "$work/root" "$work/site"
    work=$(realpath "$work")
    "$python" -m pip download --quiet --no-deps --only-binary=:all: --python-version 3.11 \
        --platform manylinux_2_34_aarch64 --platform manylinux_2_28_aarch64 \
        --platform manylinux_2_27_aarch64 --platform manylinux_2_17_aarch64 --platform manylinux2014_aarch64 \
        --dest "$work/packages" \
        'tflite-runtime==2.14.0' 'numpy<2' 'ai-edge-litert>=2.3,<2.4' pillow absl-py tqdm flatbuffers
    cd "$work/packages"
    for wheel in *.whl; do unzip -qo "$wheel" -d ../site; done
    dpkg --print-foreign-architectures | grep -q arm64 || dpkg --add-architecture arm64
    apt-get -qq update
    needed=$(apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks \
        --no-replaces --no-enhances python3.11:arm64 libstdc++6:arm64 | grep '^[a-z].*:arm64' | sort -u)
    # shellcheck disable=SC2086
    apt-get -qq download qemu-user-static $needed 2> /dev/null
    for package in *.deb; do dpkg -x "$package" ../root; done
    # the same class under the name that the library imports
    echo 'from tflite_runtime.interpreter import *' > ../site/ai_edge_litert/interpreter.py
    touch ../done
fi

work=$(realpath "$work")
exec "$work/root/usr/bin/qemu-aarch64-static" -L "$work/root" \
    -E "PYTHONHOME=$work/root/usr" -E "PYTHONPATH=$work/site:$repository" \
    -E "LD_LIBRARY_PATH=$work/root/usr/lib/aarch64-linux-gnu" \
    "$work/root/usr/bin/python3.11" "$repository/tflite/android/parity.py" --check "$parity"
