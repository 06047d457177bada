/**
 * Returns a function that gives what `make` gives, keeping the results of the last `capacity` keys: a server
 * prepares thousands of images of few sizes in the same way. The results must not be changed.
 */
export function remember<Arguments extends readonly unknown[], Result>(
  make: (...args: Arguments) => Result,
  keyOf: (...args: Arguments) => string,
  capacity: number,
): (...args: Arguments) => Result {
  /** First key: the one used longest ago. */
  const results = new Map<string, Result>();
  return (...args) => {
    const key = keyOf(...args);
    const known = results.get(key);
    const result = known ?? make(...args);
    results.delete(key);
    results.set(key, result);
    if (results.size > capacity) results.delete(results.keys().next().value ?? key);
    return result;
  };
}
