"""Reads pictures with rapidocr on one thread and prints the processor seconds of each, one a line."""

import logging
import sys
import time

from rapidocr import RapidOCR

logging.disable(logging.CRITICAL)
engine = RapidOCR(
    params={
        "EngineConfig.onnxruntime.intra_op_num_threads": 1,
        "EngineConfig.onnxruntime.inter_op_num_threads": 1,
    }
)
engine(sys.argv[1])  # what is made ready at the first use
for path in sys.argv[1:]:
    before = time.process_time()
    result = engine(path)
    print(f"{time.process_time() - before:.3f} {len(result.txts or ())}", flush=True)
