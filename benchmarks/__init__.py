"""How fast minitorch is, side by side with PyTorch. Run it: `python -m benchmarks --help`.

registry.py   what a workload is
workloads/    one file per family; a new workload is a decorated function there
worker.py     the process that times one framework
driver.py     takes the workers through the rounds, in turns
report.py     the table and the JSON file
"""
