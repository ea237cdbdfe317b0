using MediaRelay.Signaling.Access;
using MediaRelay.Signaling.IO.Storage;

namespace MediaRelay.Signaling.IO.Portal;

/// <summary>Asks the access policy and writes the audit before the answer, for every action that the audit must show.</summary>
public sealed class AccessGate(HomeRecords homes, IStorage storage, TimeProvider time)
{
    private static readonly HashSet<HomeAction> s_audited =
    [
        HomeAction.LookIn, HomeAction.Talk, HomeAction.Bypass, HomeAction.Disarm, HomeAction.Unlock, HomeAction.ConfigureHome, HomeAction.ManageUsers, HomeAction.WorkAlarm,
        HomeAction.SuperviseAlarm, HomeAction.Provision, HomeAction.RequestBandwidth, HomeAction.ViewClips,
    ];

    /// <summary>Decides now, without a trace; for lists and re-checks.</summary>
    public AccessDecision Peek(Actor actor, HomeAction action, string home, string? camera = null) =>
        AccessPolicy.Decide(actor, action, homes.Facts(home, camera), time.GetUtcNow());

    /// <summary>Decides and audits; when the task completes the record is durable.</summary>
    /// <exception cref="StorageException">The audit could not be written; the action must be refused.</exception>
    public async Task<AccessDecision> AskAsync(Actor actor, HomeAction action, string home, string? camera, string source, string detail)
    {
        AccessDecision decision = Peek(actor, action, home, camera);
        bool isStaff = actor.Role is not (ActorRole.HomeOwner or ActorRole.Guest);
        if (s_audited.Contains(action) || (isStaff && home.Length > 0) || !decision.IsAllowed)
        {
            await storage.Audit.AppendAsync(new AuditLine(
                time.GetUtcNow(), actor.Id, action.ToString(), home, decision.Grant, decision.IsAllowed ? "allowed" : "refused", source,
                decision.IsAllowed ? detail : $"{detail} {decision.Reason}")).ConfigureAwait(false);
        }

        return decision;
    }
}
