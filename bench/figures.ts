/** What `make bench` has measured: docs/performance.json, and what is worked out from it. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "../sandbox/host/paths";
import type { Load } from "./load";

/** What a server's policy asks of its clients: there is none, it goes by labels, or it requires authentication beside them. */
export type Policy = "none" | "labels" | "authentication";

/** Between requests that follow one another. */
export const CONNECTIONS = ["kept", "new"] as const;
export type Connections = (typeof CONNECTIONS)[number];

/** Requests under one policy. */
export interface PacketFigures extends Load {
    policy: Policy;
    connections: Connections;
}

/** What requests are sent over, where there is no policy. */
export type Transport = "plain" | "mutualTls";

/** Requests over one transport. */
export interface RequestFigures extends Load {
    transport: Transport;
    connections: Connections;
}

/** How long the first request of a pair takes, in milliseconds. */
export interface FirstFigures {
    /** Completes "the first request of a pair ...". */
    when: string;
    median: number;
    worst: number;
    samples: number;
}

/** Entries for so many agents, on a server that has none of them. */
export interface RegistrationFigures {
    agents: number;
    /** Of the provider: plan, compare, write, read back. */
    seconds: number;
    /** Of one `kubectl exec` per entry; absent where that was not tried. */
    execSeconds?: number;
    /** How many of them were really run. */
    execSample?: number;
    /** Of the entries in the stack's state, per copy. */
    stateBytes: number;
    /** Growth of the provider's memory. */
    memoryBytes: number;
}

/** Of a stack that is as it should be, in seconds: the whole program against as many objects of no meaning. */
export interface QuietFigures {
    resources: number;
    preview: number;
    up: number;
    barePreview: number;
    bareUp: number;
}

/** From an identity's entry to its SVID at Cilium's agent, in seconds. */
export interface DeliveryFigures {
    median: number;
    worst: number;
    samples: number;
}

/** One way to a cluster that authenticates; times in seconds. */
export interface ContestFigures {
    who: string;
    /** From a cluster without a network until the command has ended, and until pods made after it are authenticated. */
    installed: number;
    first: number;
    /** From the loss of the server's pod until pods made after it are authenticated. */
    heal: number;
    /** From the readiness of a new node until a client made on it then is authenticated, without anybody's doing. */
    join: number;
    /** The same where a node gets its entries by an `up`, which starts then, too. */
    joinByUp?: number;
    /** Of the server and all agents, and of the controller that writes entries for pods, where there is one beside them. */
    memoryBytes: number;
    /** Of one processor, in a quiet minute. */
    cpuShare: number;
}

export interface Performance {
    /** On what it was measured, for people. */
    machine: string;
    registration: RegistrationFigures[];
    delivery: DeliveryFigures;
    packets: PacketFigures[];
    requests: RequestFigures[];
    first: FirstFigures[];
    quiet: QuietFigures;
    contest: ContestFigures[];
}

/** From the repository's root. */
export const PERFORMANCE = "docs/performance.json";
const FILE = join(repositoryRoot, PERFORMANCE);

export function readPerformance(): Performance {
    return JSON.parse(readFileSync(FILE, "utf8")) as Performance;
}

export function writePerformance(performance: Performance): void {
    writeFileSync(FILE, JSON.stringify(performance, roundedTo(4), 4) + "\n");
}

/** Figures have no more digits than they mean. */
function roundedTo(digits: number): (key: string, value: unknown) => unknown {
    return (_, value) => {
        return typeof value === "number" ? Number(value.toPrecision(digits)) : value;
    };
}

/** The middle one, or the lower of two. @throws Error when there is none. */
export function median(values: readonly number[]): number {
    if (values.length === 0) throw new Error("no values");
    return [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)]!;
}

/** Of several rounds. */
export function medianLoad(rounds: readonly Load[]): Load {
    const of = (key: keyof Load) => median(rounds.map((round) => round[key]));
    return { perSecond: of("perSecond"), median: of("median"), p99: of("p99") };
}

/**
 * How something grows: the slope of the straight line that fits best on paper with two logarithmic scales. 1 is as fast as the size,
 * 0 not at all, 2 with its square.
 */
export function exponent(points: readonly (readonly [size: number, value: number])[]): number {
    const logs = points.map(([size, value]) => [Math.log(size), Math.log(value)] as const);
    const mean = (i: 0 | 1) => logs.reduce((sum, log) => sum + log[i], 0) / logs.length;
    const [x, y] = [mean(0), mean(1)];
    const covariance = logs.reduce((sum, log) => sum + (log[0] - x) * (log[1] - y), 0);
    return covariance / logs.reduce((sum, log) => sum + (log[0] - x) ** 2, 0);
}
