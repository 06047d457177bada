/**
 * Returns the bits of the last of `length` base64 characters that belong to no byte: zero in what an encoder writes.
 *
 * @see RFC 4648, section 3.5
 */
export function trailingBits(last: string, length: number): number {
  const unused = length % 4 === 2 ? 0b1111 : length % 4 === 3 ? 0b11 : 0;
  if (unused === 0) return 0;
  const [byte = 0] = Buffer.from(`${last}A`, "base64");
  return (byte >> 2) & unused;
}
