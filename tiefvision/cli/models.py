"""``tiefvision models``: the encoders and rankers that there are."""

from tiefvision.cli.options import Options, with_options
from tiefvision.cli.output import print_line, print_table
from tiefvision.cli.running import DONE


@with_options
def models(options: Options) -> int:
    """List encoders and rankers: parameters, and the size of their embeddings."""
    from tiefvision.workspace.models import list_models

    records = [record.to_dict() for record in list_models(options.run)]
    if options.json:
        for record in records:
            print_line(record)
    else:
        columns = ("name", "kind", "parameters", "trainable", "embedding", "state")
        rows = [
            [
                f"{row[name]:,}" if isinstance(row[name], int) else row[name]
                for name in columns
            ]
            for row in records
        ]
        print_table(columns, rows)
    return DONE
