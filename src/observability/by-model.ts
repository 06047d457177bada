interface OfModel {
  readonly model: { readonly name: string; readonly version: string };
}

/** Returns the versions of each model, the highest first. */
export function byModel<Version extends OfModel>(
  versions: Iterable<Version>,
): ReadonlyMap<string, readonly Version[]> {
  const models = new Map<string, Version[]>();
  for (const version of versions) {
    const { name } = version.model;
    models.set(name, [...(models.get(name) ?? []), version]);
  }
  for (const all of models.values()) all.sort((a, b) => Number(b.model.version) - Number(a.model.version));
  return models;
}
