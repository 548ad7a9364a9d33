"""Holds BLAS to one thread: with a worker a core, threads wait for each other for most of the time.

That results do not depend on the number of threads is asked in tests/numerics/machine/test_threads.py, which sets it.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read when NumPy is loaded, here and in processes of tests
