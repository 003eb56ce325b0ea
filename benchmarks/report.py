"""The table that a person reads, and the JSON file that a program reads."""

import json
from statistics import median, quantiles

NOISY_YARDSTICK = 1.10  # slowest over median of a fixed piece of work
NOISY_RATIO = 0.15  # half the distance between the ratio's quartiles, relative to it
SCALES = {
    "s": [(1.0, "s"), (1e-3, "ms"), (1e-6, "us"), (1e-9, "ns")],
    "B": [(1e6, "MB"), (1e3, "kB"), (1.0, "B")],
}


def summary(row):
    """What the table says of a row: the medians, the median of the rounds' ratios, its spread."""
    pairs = zip(*row.values.values(), strict=False) if len(row.values) == 2 else ()
    ratios = [a / b for a, b in pairs if a is not None and b]
    return {
        **{key: middle(values) for key, values in row.values.items()},
        "ratio": middle(ratios),
        "spread": spread(ratios),
    }


def table(rows, facts, yardstick):
    """Markdown that also reads well as it stands."""
    names = [facts[key]["name"] for key in ("subject", "reference") if key in facts]
    two = len(names) == 2
    header = ["workload", *names, *(["ratio", "+-"] if two else [])]
    lines = [header]
    for row in rows:
        s = summary(row)
        line = [f"{row.name}: {row.what}", *(show(s[key], row.unit) for key in row.values)]
        if two:
            line += [number(s["ratio"]), percent(s["spread"])]
        lines.append(line)
    widths = [max(len(line[i]) for line in lines) for i in range(len(header))]
    rule = ["-" * widths[0], *("-" * (w - 1) + ":" for w in widths[1:])]
    text = [
        "| " + " | ".join(pad(cell, width, i) for i, (cell, width) in enumerate(cells)) + " |"
        for cells in (list(zip(line, widths, strict=True)) for line in [lines[0], rule, *lines[1:]])
    ]
    return "\n".join([heading(facts), "", *text, *remarks(rows, yardstick)])


def heading(facts):
    machine = facts["machine"]
    sides = [facts[key] for key in ("subject", "reference") if key in facts]
    versions = " against ".join(f"{side['name']} {side['version']}" for side in sides)
    ratio = " Ratio: median over rounds, below 1 the first is faster or smaller." * (
        len(sides) == 2
    )
    return (
        f"{versions}; {machine['threads']} threads on {machine['cores']} cores of"
        f" {machine['processor']}; Python {machine['python']}, NumPy {sides[0]['numpy']};"
        f" {machine['rounds']} rounds.{ratio}"
    )


def remarks(rows, yardstick):
    """What makes the figures worth less than they look."""
    found = [f"{row.name}: {problem}" for row in rows for problem in row.problems]
    moved = max(yardstick) / median(yardstick)
    if moved > NOISY_YARDSTICK:
        found.append(
            f"TOO NOISY: a fixed piece of work took {moved:.2f}x its usual time in some round."
            " Something else uses this machine; do not publish these figures. Threads that wait for"
            " each other suffer most: a hundredfold is possible, --threads 1 avoids it."
        )
    shaky = [row.name for row in rows if (summary(row)["spread"] or 0) > NOISY_RATIO]
    if shaky:
        found.append("UNSTEADY ratios (+- above 15 %): " + ", ".join(shaky))
    return ["", *("! " + line for line in found)] if found else []


def write_json(path, rows, facts, yardstick):
    record = {
        **facts,
        "yardstick_seconds": yardstick,
        "rows": [
            {
                "name": row.name,
                "what": row.what,
                "unit": row.unit,
                **summary(row),
                "rounds": row.values,
                "problems": row.problems,
            }
            for row in rows
        ],
    }
    with open(path, "w", encoding="utf-8") as file:
        json.dump(record, file, indent=1)
        file.write("\n")


def middle(values):
    known = [value for value in values if value is not None]
    return median(known) if known else None


def spread(ratios):
    if len(ratios) < 3:
        return None
    low, _, high = quantiles(ratios, n=4, method="inclusive")
    return (high - low) / 2 / median(ratios)


def show(value, unit):
    if value is None:
        return "-"
    scale, name = next(
        ((scale, name) for scale, name in SCALES[unit] if abs(value) >= scale), SCALES[unit][-1]
    )
    return f"{value / scale:.3g} {name}" if value / scale < 1000 else f"{value / scale:.0f} {name}"


def number(value):
    return "-" if value is None else f"{value:.2f}" if value >= 0.1 else f"{value:.3f}"


def percent(value):
    return "-" if value is None else f"{100 * value:.0f} %" if value < 10 else "> 999 %"


def pad(cell, width, column):
    return cell.ljust(width) if column == 0 else cell.rjust(width)
