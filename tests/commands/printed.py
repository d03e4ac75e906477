"""What `sessa-ref paths` prints, read again."""


def rows(output):
    return [
        line.strip().split(maxsplit=2) for line in output.splitlines() if line.strip()[:1].isdigit() or "all" in line
    ]
