#!/usr/bin/env python3
"""Sets two files of JSON lines {"step", "cpu_s"} side by side: scripts/bench_table.py OURS THEIRS

Medians over repeated lines, as a Markdown table, with totals over the steps that both have.
"""

import json
import statistics
import sys


def medians(path):
    seconds = {}
    with open(path) as lines:
        for line in map(json.loads, lines):
            seconds.setdefault(line["step"], []).append(line["cpu_s"])
    return {step: statistics.median(values) for step, values in seconds.items()}


def row(name, ours, theirs):
    print(f"| {name} | {ours:.3f} | {theirs:.3f} | {theirs / max(ours, 1e-4):.1f} |")


ours, theirs = medians(sys.argv[1]), medians(sys.argv[2])
print("| step | Morula, CPU s | scanpy, CPU s | times fewer |")
print("| --- | --- | --- | --- |")
both = [step for step in ours if step in theirs]
for step in both:
    row(step, ours[step], theirs[step])
row("all", sum(ours[s] for s in both), sum(theirs[s] for s in both))
steps = ["normalize_total", "log1p", "highly_variable_genes", "select", "scale"]
if "recipe" in ours:
    row("recipe: all up to scale, with the filters", ours["recipe"], sum(theirs[s] for s in steps))
if "neighbors_brute" in theirs:
    row("neighbors, both exact", ours["neighbors"], theirs["neighbors_brute"])
