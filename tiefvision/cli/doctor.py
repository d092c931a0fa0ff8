"""``tiefvision doctor``: what works here."""

from tiefvision.cli.options import Options, with_options
from tiefvision.cli.output import print_line, print_table
from tiefvision.cli.running import DONE, FAILED, say


@with_options
def doctor(options: Options) -> int:
    """Versions, device, weights, freshness of the artifacts, disk."""
    from tiefvision.doctor import examine, verdict

    findings = examine(options.run)
    if options.json:
        for finding in findings:
            print_line(finding.to_dict())
    else:
        rows = [(item.status, item.check, item.detail) for item in findings]
        print_table(("", "check", "detail"), rows)
    if not options.quiet:
        say(verdict(findings))
    failed = any(finding.status == "failed" for finding in findings)
    return FAILED if failed else DONE
