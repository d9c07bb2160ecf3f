/** Settings of the encryption between nodes. */
import { z } from "zod";
import { existingName, secretDataKey, unquoted, variants } from "../words";

export const encryptionSettings = variants("type", [
    z.strictObject({ type: z.literal("none").describe("Packets between nodes stay readable.") }),
    z.strictObject({
        type: z
            .literal("wireguard")
            .describe("WireGuard; the agents make and exchange the keys. UDP port 51871."),
    }),
    z.strictObject({
        type: z.literal("ipsec").describe("IPsec with a key that you make and rotate."),
        secretName: unquoted(existingName)
            .default("cilium-ipsec-keys")
            .describe(
                "Secret with the key, in Cilium's namespace. It must exist: agents do not start without.",
            ),
        keyFile: secretDataKey.default("keys").describe("Key in that Secret."),
    }),
]).prefault({ type: "none" });
