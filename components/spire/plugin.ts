/** SPIRE's plugins in its JSON configuration. */

/** One plugin: a list of objects keyed by name. Members that are undefined vanish in the JSON text. */
export function plugin(name: string, data: object): object[] {
    return [{ [name]: { plugin_data: data } }];
}
