import { describe, expect, test } from "vitest";
import { type CudaSources, cudaDevices } from "../../../src/config/cuda-devices.ts";
import { refusal } from "../../support/onnx/refusal.ts";

const find = (sources: Partial<CudaSources>) =>
  cudaDevices({ setting: undefined, cudaVisibleDevices: undefined, listFolder: () => [], ...sources });

describe("cudaDevices", () => {
  test.each([
    ["0", [0]],
    ["2", [2]],
    ["0,1", [0, 1]],
    ["3,1", [3, 1]],
    ["1,1,0", [1, 0]],
  ])("takes the GPUs that CUDA_DEVICES=%s names, in that order, each once", (setting, devices) => {
    expect(find({ setting })).toEqual({ devices, areNamed: true });
  });

  test.each(["", "0,", "gpu", "0, 1", "-1", "1000", "GPU-1a2b", "ALL"])(
    "refuses CUDA_DEVICES=%j",
    (setting) => {
      expect(refusal("-", () => find({ setting }))).toBe(
        `CUDA_DEVICES must be all or numbers such as 0,1, got "${setting}"`,
      );
    },
  );

  test.each([undefined, "all"])("counts the device files when CUDA_DEVICES is %s", (setting) => {
    const names = ["null", "nvidia-uvm", "nvidia0", "nvidia-modeset", "nvidiactl", "nvidia7", "nvidia-caps"];
    const listFolder = (path: string) => (path === "/dev" ? names : []);
    expect(find({ setting, listFolder })).toEqual({ devices: [0, 1], areNamed: false });
  });

  test.each([
    ["0,1,2", [0, 1, 2]],
    ["5,2", [0, 1]],
    ["GPU-8932f937,GPU-1b2a", [0, 1]],
    ["3", [0]],
    ["", [0]],
  ])("counts from 0 what CUDA_VISIBLE_DEVICES=%j leaves", (cudaVisibleDevices, devices) => {
    const listFolder = () => ["nvidia0", "nvidia1", "nvidia2", "nvidia3"];
    expect(find({ cudaVisibleDevices, listFolder })).toEqual({ devices, areNamed: false });
  });

  test("tries the first GPU where no device file can be seen", () => {
    expect(find({})).toEqual({ devices: [0], areNamed: false });
  });
});
