"""Commands in the code blocks of a Markdown text, and the flags that scripts have."""

import pathlib
import re
import shlex

ROOT = pathlib.Path(__file__).resolve().parents[1]


def blocks(text, language):
    """The code blocks of one language, those in lists included."""
    return re.findall(rf"^ *```{language}\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL)


def commands(text):
    """The commands of all `sh` blocks, each a list of words without its comment."""
    lines = "".join(blocks(text, "sh")).replace("\\\n", " ").splitlines()
    words = (shlex.split(line, comments=True) for line in lines)
    return [command for command in words if command]


def inline_commands(text):
    """The commands between backticks that a reader can paste, each a list of words."""
    found = re.findall(r"`((?:[A-Z_]+=\w+ )?(?:python \w+/|keras-secn |make )[^`]*)`", text)
    return [shlex.split(command.replace(" ...", "")) for command in found]


def program(command):
    """("training/cascade.py", its arguments) or ("keras-secn upscale", its arguments)."""
    words = [word for word in command if not re.match(r"[A-Z_]+=", word)]
    return (words[1], words[2:]) if words[0] == "python" else (" ".join(words[:2]), words[2:])


def flags(arguments):
    """Names of the flags among arguments."""
    return {word.lstrip("-").partition("=")[0] for word in arguments if re.match(r"--\w", word)}


def known_flags(name):
    """Names of the flags that a program has, read from its source."""
    if name.startswith("keras-secn"):
        source = (ROOT / "keras_secn" / "cli.py").read_text()
        (part,) = re.findall(
            rf'add_parser\(\s*"{name.split()[1]}".*?(?=add_parser|return parser)', source, re.DOTALL
        )
        return set(re.findall(r'"--([\w-]+)"', part))
    source = (ROOT / name).read_text()
    if "training_flags" in source:
        source += (ROOT / "training" / "training_flags.py").read_text()
    return set(re.findall(r'(?:DEFINE_\w+\(\s*"|add_argument\("--)([\w-]+)"', source))
