/** A class's score as it is drawn. */
export interface Bar {
  readonly index: number;
  readonly label: string;
  readonly score: number;
  /** Length of the bar, 0..1. */
  readonly length: number;
  /** Whether the answer holds the class: it is the best, or at or above the threshold where any number may be right. */
  readonly isChosen: boolean;
}

export interface BarOptions {
  /** Absent: one class is right, the best one. */
  readonly threshold?: number;
  /** Most bars, unless more classes are chosen. */
  readonly most: number;
}

/** A class and its score; null where the model gave no number. */
export interface Scored {
  readonly index: number;
  readonly label: string;
  readonly score: number | null;
}

/** Returns the bars of an answer, the best first; a score that is no number is the last, and 0. */
export function toBars(scored: readonly Scored[], { threshold, most }: BarOptions): readonly Bar[] {
  const sorted = scored
    .map(({ index, label, score }) => ({ index, label, score: score ?? Number.NaN }))
    .sort((a, b) => orderOf(b.score) - orderOf(a.score) || a.index - b.index);
  return sorted
    .map(({ index, label, score }, place) => ({
      index,
      label,
      score,
      length: Number.isNaN(score) ? 0 : Math.min(1, Math.max(0, score)),
      isChosen: threshold === undefined ? place === 0 : score >= threshold,
    }))
    .filter(({ isChosen }, place) => isChosen || place < most);
}

function orderOf(score: number): number {
  return Number.isNaN(score) ? Number.NEGATIVE_INFINITY : score;
}

/** Returns a score as people read it: 97.3 %, and not 0 % or 100 % where it is neither. */
export function percent(score: number): string {
  if (Number.isNaN(score)) return "no number";
  const text = (score * 100).toFixed(1);
  if (text === "0.0" && score > 0) return "< 0.1 %";
  if (text === "100.0" && score < 1) return "> 99.9 %";
  return `${text} %`;
}
