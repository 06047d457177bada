/** Throws when what its name says does not hold. Returns a figure to print beside the name, where it has one. */
export type ContainerTest = () => Promise<string | undefined>;

/** Tests by name, in the order in which they run. */
export type ContainerTests = Readonly<Record<string, ContainerTest>>;
