/** Red, green and blue, 0..255. */
export type Color = readonly [red: number, green: number, blue: number];

/** Successive multiples of it never come near each other on the circle. Units: degrees. */
const GOLDEN_ANGLE = 137.508;
const FIRST_HUE = 212;
const LIGHTNESSES = [0.55, 0.45, 0.65];

/** Returns the colour of a class, the same wherever the class is drawn; neighbours differ most. */
export function classColor(index: number): Color {
  const hue = (FIRST_HUE + index * GOLDEN_ANGLE) % 360;
  return fromHsl(hue, 0.7, LIGHTNESSES[index % LIGHTNESSES.length] ?? 0.5);
}

/** Returns the colour as CSS writes it. */
export function cssColor([red, green, blue]: Color): string {
  return `rgb(${red} ${green} ${blue})`;
}

/** @see https://www.w3.org/TR/css-color-4/#hsl-to-rgb */
function fromHsl(hue: number, saturation: number, lightness: number): Color {
  const channel = (offset: number) => {
    const k = (offset + hue / 30) % 12;
    const chroma = saturation * Math.min(lightness, 1 - lightness);
    return Math.round(255 * (lightness - chroma * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
  };
  return [channel(0), channel(8), channel(4)];
}
