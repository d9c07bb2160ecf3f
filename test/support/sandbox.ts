import { instance } from "../../sandbox/host/instance";

/** The sandbox of the end-to-end tests, beside the user's, which is number 0. */
export const testSandbox = instance(process.env.CILIUM_SPIRE_TEST_SANDBOX ?? 9);

/** Another one, of tests with two clusters. */
export const secondSandbox = instance(process.env.CILIUM_SPIRE_SECOND_TEST_SANDBOX ?? 8);
