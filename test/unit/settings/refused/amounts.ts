/** Amounts of memory, CPU, storage and time. */
import { type Refusal, values } from "./refusal";

const limits = (limits: object) => ({ spire: { agent: { resources: { limits } } } });
const server = (server: object) => ({ spire: { server } });

const MEMORY = /spire\.agent\.resources\.limits\.memory = .*: must be an amount such as 512Mi/;
const CPU = /spire\.agent\.resources\.limits\.cpu = .*: must be an amount of CPU such as 100m/;

const quantities: Refusal[] = [
    ...values((memory) => limits({ memory }), MEMORY, [
        "lots",
        "half",
        "-1Gi",
        "",
        "1 Gi",
        "1GB",
        "1.Gi",
        "1e9",
        "100m",
        512,
        null,
        ["1Gi"],
    ]),
    ...values((cpu) => limits({ cpu }), CPU, ["lots", "-1", "0.0001", "1.5m", "two", 2, {}]),
    ...values((memory) => limits({ memory }), /memory = .*: must be more than 0/, [
        "0",
        "0Gi",
        "99999999999999999999Gi",
    ]),
    ...values((cpu) => limits({ cpu }), /cpu = .*: must be more than 0/, ["0", "0m", "0.000"]),
    ...values((size) => server({ storage: { size } }), /storage\.size = .*: must be /, [
        "0Gi",
        "1TB",
        "-1Gi",
        10,
    ]),
    ...values(
        (memory) => server({ resources: { requests: {}, limits: { memory } } }),
        /limits = .*: memory is less than 16Mi, with which nothing starts; use/,
        ["512", "1Mi", "15.9Mi"],
    ),
    {
        name: "a request above its limit",
        settings: server({
            resources: { requests: { memory: "1Gi" }, limits: { memory: "100M" } },
        }),
        message: /spire\.server\.resources = .*: requests more than its limit; lower the request/,
    },
    {
        name: "a request above its limit, in other units",
        settings: server({ resources: { requests: { cpu: "1500m" }, limits: { cpu: "1" } } }),
        message: /spire\.server\.resources = .*: requests more than its limit; lower the request/,
    },
];

const DURATION = /= .*: must be a duration such as 24h, 1h30m or 45s/;
const NOTHING = /= "0[hms0]*": must be longer than 0s/;

const durations: Refusal[] = [
    ...values((caTtl) => server({ caTtl }), DURATION, ["", "1d", "-1h", "1.5h", "90", 90, "1s1h"]),
    ...values((agentTtl) => server({ agentTtl }), NOTHING, ["0s", "0h0m0s"]),
    ...["caTtl", "x509SvidTtl", "jwtSvidTtl", "cacheReloadInterval"].flatMap((key) =>
        values((ttl) => server({ [key]: ttl }), NOTHING, ["0s"]),
    ),
    ...values(
        (cacheReloadInterval) => server({ cacheReloadInterval }),
        /cacheReloadInterval = .*: SPIRE .* does not start with a longer interval; shorten it/,
        ["24h", "168h"],
    ),
    ...values((caTtl) => server({ caTtl }), /must be shorter than 292 years/, [
        "2562048h",
        "99999999999999999999s",
    ]),
    ...values((rolloutTimeout) => ({ cilium: { rolloutTimeout } }), DURATION, ["soon", true]),
    ...values((gcInterval) => ({ cilium: { authentication: { gcInterval } } }), NOTHING, ["0m"]),
];

export const amounts = [...quantities, ...durations];
