/** As ONNX Runtime writes what CUDA's libraries return: "CUDNN failure 4: CUDNN_STATUS_INTERNAL_ERROR ; GPU=0 ; ...". */
const FAILURE = /\b(?:CUDA|CUDNN|CUBLAS|CUFFT) failure \d+: ([^;]*)/;

/** Memory that is short: a smaller batch may fit. */
const OUT_OF_MEMORY = /out of memory|ALLOC/;

/**
 * Returns whether a run's error says that the GPU, or this process's use of it, is broken: CUDA then fails every run
 * that follows, so the thread should end rather than answer all of them with an error.
 *
 * @see microsoft/onnxruntime `core/providers/cuda/cuda_call.cc`
 * @see CUDA Runtime API, cudaError: "the process must be terminated and relaunched"
 */
export function isDeviceLost(message: string): boolean {
  const [, reason] = FAILURE.exec(message) ?? [];
  return reason !== undefined && !OUT_OF_MEMORY.test(reason);
}
