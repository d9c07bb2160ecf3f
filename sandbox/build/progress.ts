/** How far the builds are and how long they still take. */

/**
 * Processor seconds to build a part when nothing of it is compiled and the parts before it are: 5 for each MB of Go sources,
 * as measured with Go 1.26. They weigh the parts against each other: the machine's speed is learned while it builds.
 */
const COST: Record<string, number> = {
    Kubernetes: 520,
    Cilium: 430,
    SPIRE: 720,
    "Pulumi CLI": 340,
    "Kubernetes provider": 230,
};
/** Of every other part: a program that shares its libraries with one of the above. */
const SMALL_COST = 20;

/** Linking's share of a part. It begins when all packages are compiled. */
const LINKING = 0.1;

/** How many seconds of the table's machine the guess of this machine's speed is worth, until it has done as many. */
const TRUST = 50;

interface Part {
    name: string;
    cost: number;
    /** Packages to compile, and those done; unknown until the Go tool has told. */
    packages?: { total: number; done: number };
}

/** Counts what is built, in a number of parts one after the other. */
export class BuildProgress {
    private readonly waiting: Part[] = [];
    private readonly finished: Part[] = [];
    private current: Part | undefined;
    private started: number | undefined;
    private partStarted = 0;

    /**
     * @param cores processors that a build uses.
     * @param now milliseconds.
     */
    constructor(
        private readonly cores: number,
        private readonly now: () => number = Date.now,
    ) {}

    /** Adds a part that will be built; its name may end in a version. */
    plan(name: string): void {
        this.waiting.push({ name, cost: COST[name.replace(/ [\d.]+$/, "")] ?? SMALL_COST });
    }

    /** A planned part is not built here after all: it failed to begin, or another process built it. */
    forget(name: string): void {
        const index = this.waiting.findIndex((part) => part.name === name);
        if (index >= 0) this.waiting.splice(index, 1);
    }

    begin(name: string): void {
        if (!this.waiting.some((part) => part.name === name)) this.plan(name);
        const index = this.waiting.findIndex((part) => part.name === name);
        [this.current] = this.waiting.splice(index, 1);
        this.partStarted = this.now();
        this.started ??= this.partStarted;
    }

    /** @param total packages that must be compiled, of `all` that the part consists of. */
    packages(total: number, all: number): void {
        const part = this.current!;
        part.packages = { total, done: 0 };
        part.cost *= LINKING + ((1 - LINKING) * total) / Math.max(all, 1);
    }

    /** A package is compiled. */
    compiled(): void {
        const packages = this.current?.packages;
        if (packages) packages.done = Math.min(packages.done + 1, packages.total);
    }

    end(): void {
        if (this.current) this.finished.push(this.current);
        this.current = undefined;
    }

    /** For example `building 2/5 Cilium 1.18.4: 812 of 1903 packages, 3:10; about 11 min left`, for all parts. */
    line(): string {
        const part = this.current;
        if (!part) return "";
        const number = this.finished.length + 1;
        const all = number + this.waiting.length;
        const took = clock((this.now() - this.partStarted) / 1000);
        const left = remaining(this.secondsLeft());
        return `building ${number}/${all} ${part.name}: ${doing(part)}, ${took}; ${left} left`;
    }

    /** Until the last part is built. */
    secondsLeft(): number {
        const cost = (parts: Part[]) => parts.reduce((sum, part) => sum + part.cost, 0);
        const elapsed = (this.now() - (this.started ?? this.now())) / 1000;
        const here = this.current ? [this.current] : [];
        const doneHere = this.current ? this.current.cost * fraction(this.current) : 0;
        const done = cost(this.finished) + doneHere;
        const left = cost(this.waiting) + cost(here) - doneHere;
        return (left * (elapsed + TRUST / this.cores)) / (done + TRUST);
    }
}

function doing({ packages }: Part): string {
    if (!packages) return "downloading its modules";
    if (packages.done === packages.total) return "linking";
    return `${packages.done} of ${packages.total} packages`;
}

function fraction({ packages }: Part): number {
    if (!packages) return 0;
    return packages.total === 0 ? 0 : ((1 - LINKING) * packages.done) / packages.total;
}

/** For people: `45 s`, `3 min 10 s`, `1 h 2 min`. */
export function duration(seconds: number): string {
    const whole = Math.round(seconds);
    if (whole < 60) return `${whole} s`;
    if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
    return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** Short: `3:10`. */
function clock(seconds: number): string {
    const whole = Math.floor(seconds);
    return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

function remaining(seconds: number): string {
    return seconds < 60 ? "less than a minute" : `about ${Math.round(seconds / 60)} min`;
}
