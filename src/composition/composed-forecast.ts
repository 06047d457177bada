import type { Demand, Forecast } from "../serving/admission.ts";
import type { FanOut } from "./fan-out.ts";

/** A model of a composition, and how often it runs for an image. */
export interface ForecastPart {
  readonly forecast: Forecast;
  /** Absent: once. */
  readonly fanOut?: FanOut | undefined;
}

/**
 * Returns when the composition can answer. The models work side by side, each on what the one before has done, so the
 * slowest sets the pace. Rows of crops enter their model's backlog when they are cut; until then they are guessed.
 */
export function composeForecast(parts: readonly ForecastPart[]): Forecast {
  const rowsOf = ({ fanOut }: ForecastPart, rows: number) =>
    fanOut === undefined ? rows : Math.max(1, Math.round(rows * fanOut.crops));
  const longest = (waits: readonly number[]) => Math.max(0, ...waits);
  return {
    hold: () => {
      const holds = parts.map(({ forecast }) => forecast.hold?.());
      return () => {
        for (const letGo of holds) letGo?.();
      };
    },
    waitMs: ({ rows, deadlineMs }: Demand) =>
      longest(parts.map((part) => part.forecast.waitMs({ rows: rowsOf(part, rows), deadlineMs }))),
    finishMs: (rows) => longest(parts.map((part) => part.forecast.finishMs(rowsOf(part, rows)))),
    enter: (demand) => {
      const entries = parts
        .filter(({ fanOut }) => fanOut === undefined)
        .map(({ forecast }) => forecast.enter(demand));
      return {
        rowAdded: (deadlineMs) => {
          for (const entry of entries) entry.rowAdded(deadlineMs);
        },
        rowEnded: () => {
          for (const entry of entries) entry.rowEnded();
        },
        leave: () => {
          for (const entry of entries) entry.leave();
        },
      };
    },
  };
}
