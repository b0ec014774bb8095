"""What a cell shows: streams, commands, the report, timings."""
