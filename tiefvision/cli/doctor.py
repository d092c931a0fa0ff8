"""``tiefvision doctor``: what works here."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from tiefvision.cli.options import Options, with_options
from tiefvision.cli.output import print_line, print_table
from tiefvision.cli.running import DONE, FAILED, say

if TYPE_CHECKING:
    from tiefvision.doctor import Finding

RUN = ". Run: "
"""Between what is wrong and the command that mends it."""


@with_options
def doctor(options: Options) -> int:
    """Versions, device, weights, freshness of the artifacts, disk."""
    from tiefvision.doctor import examine, verdict

    groups = examine(options.run)
    findings = [finding for group in groups.values() for finding in group]
    if options.json:
        for finding in findings:
            print_line(finding.to_dict())
    elif options.verbose:
        rows = [(item.status, item.check, item.detail) for item in findings]
        print_table(("", "check", "detail"), rows)
    else:
        print_table(("", "", ""), list(_grouped(groups)))
    if not options.quiet:
        say(verdict(findings, options.run))
    failed = any(finding.status == "failed" for finding in findings)
    return FAILED if failed else DONE


def _grouped(groups: "dict[str, list[Finding]]") -> Iterator[tuple[str, str, str]]:
    """A row for what is well in each group, then one for each kind of trouble."""
    for group, findings in groups.items():
        well = [item for item in findings if item.status == "ok"]
        if well:
            yield "ok", group, _in_short(group, well)
        alike: dict[tuple[str, str], list[Finding]] = {}
        for item in findings:
            if item.status != "ok":
                reason, _, _ = item.detail.partition(RUN)
                alike.setdefault((item.status, reason), []).append(item)
        for (status, reason), items in alike.items():
            # What is to be run first mends the cause of the others.
            _, run, command = items[0].detail.partition(RUN)
            yield status, group, f"{reason}: {_names(items)}{run}{command}"


def _names(findings: "Sequence[Finding]") -> str:
    return ", ".join(item.check.removesuffix(".lmdb") for item in findings)


def _in_short(group: str, well: "Sequence[Finding]") -> str:
    """The findings of a group that are well, in a line."""
    first = well[0]
    if group == "package":
        libraries = f", {len(well) - 1} libraries" if well[1:] else ""
        return f"{first.check} {first.detail}{libraries}"
    if group == "models":
        return f"{len(well)} files ship with the package and are whole"
    if group == "workspace":
        return f"fresh: {_names(well)}"
    return ", ".join(item.detail for item in well)
