/** Who may attest as a SPIRE agent. */
import { objectOf, textsOf } from "../kubernetes";
import type { ResourceRule } from "../rule";
import { listsIn } from "../spireConf";

const KEY = "service_account_allow_list";

export interface AllowListConfig {
    ciliumAccounts: string[];
}

export const allowList: ResourceRule<AllowListConfig> = {
    name: "no-cilium-in-allow-list",
    description: "Cilium's accounts may not attest as SPIRE agents.",
    properties: {
        ciliumAccounts: {
            type: "array",
            items: { type: "string" },
            description: "Names of Cilium's service accounts, in whatever namespace.",
        },
    },
    defaults: { ciliumAccounts: ["cilium", "cilium-operator"] },
    check: (resource, { ciliumAccounts }) => {
        const object = objectOf(resource);
        if (!object) return [];
        return textsOf(object).flatMap(([file, text]) =>
            listsIn(text, KEY)
                .filter((account) => ciliumAccounts.includes(account.split(":").at(-1)!))
                .map(
                    (account) =>
                        `${object.title}: ${file}: ${KEY} has "${account}": with that account's token somebody becomes an agent, whom the server tells what every workload of the node gets; list the accounts of SPIRE's agents only`,
                ),
        );
    },
};
