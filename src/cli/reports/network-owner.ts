/** Floor 4. Who owns the network of a sender, as `reports.networkData` says. */
import type { ReportsConfig } from '../../core/config/model.ts';
import { StsyncError } from '../../core/error.ts';
import type { OwnerOf } from '../../services/reports/summarize.ts';
import { reportFailure } from '../failure.ts';

/** Data that cannot be read is told of, and nobody's owner is known. */
export async function networkOwner({ networkData }: Pick<ReportsConfig, 'networkData'>): Promise<OwnerOf> {
  if (networkData === null) return () => null;
  try {
    const owners = (await import('../../effects/reports/network-owners.ts')).openNetworkOwners(networkData);
    return (address) => owners.ownerOf(address);
  } catch (error) {
    if (!(error instanceof StsyncError)) throw error;
    reportFailure(error);
    return () => null;
  }
}
