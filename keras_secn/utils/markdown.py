"""Tables in Markdown."""


def markdown_table(columns, rows):
    """A Markdown table, its last line ended.

        markdown_table({"network": "{name}", "PSNR-Y (dB)": "{psnr:.2f}"}, [{"name": ...}])

    Args:
        columns: the columns' names, or a dictionary from each name to the format of its cells.
        rows: a dictionary for each row, whose values the formats name; with names alone, a list of
            cells for each row, anything that `str` takes.
    """
    if isinstance(columns, dict):
        rows = [[cell.format(**row) for cell in columns.values()] for row in rows]
    head, *lines = ("| " + " | ".join(map(str, line)) + " |\n" for line in [columns, *rows])
    return "".join([head, "|" + "---|" * len(columns) + "\n", *lines])
