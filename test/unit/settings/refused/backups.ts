/** Schedules, images and recipients of backups. */
import { NO_RECIPIENTS, RECIPIENTS } from "../../../support/recipients";
import { type Refusal, values } from "./refusal";

const backup = (backup: object) => ({
    spire: {
        server: {
            backup: {
                ...{ schedule: "30 2 * * *", image: "tools:1", storage: { size: "1Gi" } },
                ...{ encryptFor: [RECIPIENTS[0]], ...backup },
            },
        },
    },
});
const SECRET = "MC4CAQAwBQYDK2VwBCIEIHNlY3JldHNlY3JldHNlY3JldHNlY3JldHNlY3Jl";
const PRIVATE = `-----BEGIN PRIVATE KEY-----\n${SECRET}\n-----END PRIVATE KEY-----\n`;

export const backups: Refusal[] = [
    ...values(
        (schedule) => backup({ schedule }),
        /backup\.schedule = .*: must be a schedule (of five fields|such as)/,
        [
            ...["", "* * * *", "* * * * * *", "@daily", "@every 1h", "60 * * * *", "* 24 * * *"],
            ...["* * 0 * *", "* * * 13 *", "* * * * 7", "5-3 * * * *", "*/0 * * * *", "1, * * * *"],
            ...["a * * * *", "-1 * * * *", "TZ=UTC 0 0 * * *", "0 0 * * MON", "0  0 * * *", 5],
        ],
    ),
    ...values(
        (schedule) => backup({ schedule }),
        /backup\.schedule = .*: names a day that no month of it has.*; must name another/,
        ["0 0 31 2 *", "0 0 30,31 2 *", "0 0 31 4,6,9,11 *"],
    ),
    ...values(
        (image) => backup({ image }),
        /backup\.image = .*: must be an image with its tag or digest/,
        [
            ...[
                "tools",
                "tools:latest",
                "registry:5000/tools",
                "tools@sha256:1",
                "Tools:1",
                "a b:1",
            ],
            ...["https://registry.example.org/tools:1", "tools:", ":1", "tools:1;reboot"],
        ],
    ),
    ...values((image) => backup({ image }), /backup\.image = .*: must have a port/, ["a:0/b:1"]),
    ...values(
        (pem) => backup({ encryptFor: [pem] }),
        /backup\.encryptFor\[0\] = .*: must be one certificate in PEM/,
        [
            ...["", "age1xyz", "/etc/cert.pem", RECIPIENTS.join("")],
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        ],
    ),
    ...values(
        (pem) => backup({ encryptFor: [pem] }),
        /backup\.encryptFor\[0\] = .*: must be a certificate for a key that one can encrypt for/,
        NO_RECIPIENTS,
    ),
    ...[PRIVATE, RECIPIENTS[0] + PRIVATE].map((pem) => ({
        name: `a private key, which does not come out in the message (${pem.length})`,
        settings: backup({ encryptFor: [pem] }),
        message: /^(?![^]*c2VjcmV0)(?![^]*MC4CAQ)[^]*encryptFor\[0\] = .*: has a private key/,
    })),
    ...values(
        (encryptFor) => backup({ encryptFor }),
        /backup\.encryptFor = .*: names a certificate twice; remove one/,
        [[RECIPIENTS[0], RECIPIENTS[0]]],
    ),
    ...values((keep) => backup({ keep }), /backup\.keep = .*: must be /, [0, -1, 1001, 1.5, "3"]),
    ...values((timeout) => backup({ timeout }), /backup\.timeout = .*: must be /, ["0s", "1d", 5]),
    ...values(
        (missing) => backup({ [String(missing)]: undefined }),
        /backup\.(schedule|image|storage): is missing; .*set it with/,
        ["schedule", "image", "storage"],
    ),
];
