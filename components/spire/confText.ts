/** The text of SPIRE's configuration files. */

/**
 * A configuration as JSON in which every string is literal.
 *
 * SPIRE reads JSON with HashiCorp's HCL, which leaves escapes inside of `${...}` as they are (hcl/strconv, Unquote): a
 * quote there would be worth something else than here. An escaped `$` begins nothing and ends as the same string.
 */
export function confText(conf: object): string {
    return JSON.stringify(conf, undefined, 2).replaceAll("${", "\\u0024{");
}
