"""Copies LiteRT's web runtime out of node_modules, so that the page fetches nothing from elsewhere.

npm ci && python collect.py
"""

import pathlib
import shutil

HERE = pathlib.Path(__file__).parent
PACKAGES = HERE / "node_modules" / "@litertjs"
# with threads, for pages whose server sends what serve.py does; without; and without relaxed SIMD
WASM = ("litert_wasm_threaded_internal", "litert_wasm_internal", "litert_wasm_compat_internal")


def main():
    if not PACKAGES.is_dir():
        raise SystemExit(f"error: {PACKAGES} is missing: run npm ci in {HERE}")
    runtime = HERE / "runtime"
    shutil.rmtree(runtime, ignore_errors=True)
    (runtime / "wasm").mkdir(parents=True)
    for name in WASM:
        for suffix in (".js", ".wasm"):
            shutil.copy(PACKAGES / "core" / "wasm" / f"{name}{suffix}", runtime / "wasm")
    for package, name in (("core", "litert.js"), ("wasm-utils", "wasm-utils.js")):
        code = (PACKAGES / package / "dist" / "index.js").read_text(encoding="utf-8")
        # browsers know packages by path only, and the maps are not copied
        code = code.replace('"@litertjs/wasm-utils"', '"./wasm-utils.js"')
        code = code.split("//# sourceMappingURL")[0]
        (runtime / name).write_text(code, encoding="utf-8")


if __name__ == "__main__":
    main()
