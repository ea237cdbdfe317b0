using System.Collections.Concurrent;
using System.Globalization;
using MediaRelay.Signaling.Access;
using MediaRelay.Signaling.Incidents;
using MediaRelay.Signaling.IO.Storage;

namespace MediaRelay.Signaling.IO.Portal;

/// <summary>Asks the access policy and writes the audit before the answer, for every action that the audit must show.</summary>
public sealed class AccessGate(HomeRecords homes, IStorage storage, TimeProvider time)
{
    private const int MaxReads = 4096;
    private const int FailuresPerSecond = 10;
    private static readonly TimeSpan s_sameRead = TimeSpan.FromMinutes(1);
    private static readonly HashSet<HomeAction> s_audited =
    [
        HomeAction.LookIn, HomeAction.Talk, HomeAction.Bypass, HomeAction.Disarm, HomeAction.Unlock, HomeAction.ConfigureHome, HomeAction.ManageUsers, HomeAction.WorkAlarm,
        HomeAction.SuperviseAlarm, HomeAction.Provision, HomeAction.RequestBandwidth, HomeAction.ViewClips,
    ];

    private readonly ConcurrentDictionary<string, long> _reads = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();
    private long _second;
    private int _failures;
    private int _unwritten;

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
            await WriteAsync(actor, action, home, decision, source, detail).ConfigureAwait(false);
        }

        return decision;
    }

    /// <summary>
    /// Decides a read. What staff read, and what anybody is refused, is in the audit before the answer; pages read the same again and again, so
    /// the same read of the same person within a minute is one line.
    /// </summary>
    /// <exception cref="StorageException">The audit could not be written; the read must be refused.</exception>
    public async Task<AccessDecision> AskToReadAsync(Actor actor, HomeAction action, string home, string? camera, string source, string detail)
    {
        AccessDecision decision = Peek(actor, action, home, camera);
        if (decision.IsAllowed && actor.Role is ActorRole.HomeOwner or ActorRole.Guest)
            return decision;
        string key = string.Join('\n', actor.Id, action, home, decision.IsAllowed, decision.Grant, source, detail);
        if (_reads.TryGetValue(key, out long at) && time.GetElapsedTime(at) < s_sameRead)
            return decision;
        await WriteAsync(actor, action, home, decision, source, detail).ConfigureAwait(false);
        if (_reads.Count >= MaxReads)
            _reads.Clear();
        _reads[key] = time.GetTimestamp();
        return decision;
    }

    /// <summary>Writes what concerns an account and no home: logins, second factors, tokens. Failures of strangers are at most ten lines a second.</summary>
    public async Task NoteAsync(string actor, string action, bool isAllowed, string source, string detail)
    {
        if (!isAllowed)
        {
            lock (_lock)
            {
                long second = time.GetUtcNow().ToUnixTimeSeconds();
                (_second, _failures) = second == _second ? (_second, _failures + 1) : (second, 1);
                if (_failures > FailuresPerSecond)
                {
                    _unwritten++;
                    return;
                }

                if (_unwritten > 0)
                    detail += string.Create(CultureInfo.InvariantCulture, $" {_unwritten} failures before it were not written.");
                _unwritten = 0;
            }
        }

        string name = new([.. actor.Where(c => !char.IsControl(c)).Take(64)]);
        await storage.Audit.AppendAsync(new AuditLine(time.GetUtcNow(), name, action, "", "account", isAllowed ? "allowed" : "refused", source, detail)).ConfigureAwait(false);
    }

    private Task<AuditRecord> WriteAsync(Actor actor, HomeAction action, string home, AccessDecision decision, string source, string detail) => storage.Audit.AppendAsync(new AuditLine(
        time.GetUtcNow(), actor.Id, action.ToString(), home, decision.Grant, decision.IsAllowed ? "allowed" : "refused", source, decision.IsAllowed ? detail : $"{detail} {decision.Reason}"));
}
