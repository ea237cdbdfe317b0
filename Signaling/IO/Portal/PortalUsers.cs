using System.Security.Cryptography;
using MediaRelay.Signaling.Access;
using MediaRelay.Signaling.IO.Authority;
using MediaRelay.Signaling.IO.Storage;

namespace MediaRelay.Signaling.IO.Portal;

/// <summary>The accounts, their passwords and second factors.</summary>
public sealed class PortalUsers(IStorage storage, SecretBox box, TimeProvider time)
{
    internal const string Kind = "user";
    private static readonly byte[] s_label = "second-factor"u8.ToArray();
    private readonly LoginThrottle _throttle = new();
    private readonly MonotonicClock _clock = new(time);

    /// <summary>The account, null when unknown.</summary>
    public PortalUser? Find(string id) => storage.Documents.Find(Kind, Normal(id)) is { } document ? PortalJson.Read<PortalUser>(document.Json) : null;

    /// <summary>Accounts of a home, or all staff accounts when null.</summary>
    public IReadOnlyList<PortalUser> List(string? home) =>
        [.. storage.Documents.List(Kind, home ?? "", null, null, 1000).Select(d => PortalJson.Read<PortalUser>(d.Json))];

    /// <summary>Adds or replaces an account.</summary>
    public Task SaveAsync(PortalUser user) =>
        storage.Documents.SaveAsync([new StoredDocument(Kind, Normal(user.Id), user.Home ?? "", true, user.From ?? _clock.UtcNow, PortalJson.Write(user with { Id = Normal(user.Id) }))]);

    /// <summary>Makes an account with a password.</summary>
    public async Task<PortalUser> CreateAsync(string id, string name, ActorRole role, string? home, string password, DateTimeOffset? until = null)
    {
        var user = new PortalUser { Id = Normal(id), Name = name, Role = role, Home = home, Password = PasswordHash.Make(password), Until = until };
        await SaveAsync(user).ConfigureAwait(false);
        return user;
    }

    /// <summary>Adds or replaces an account with a new password; what else it says stays.</summary>
    public Task SetPasswordAsync(PortalUser user, string password) => SaveAsync(user with { Password = PasswordHash.Make(password) });

    /// <summary>Removes an account.</summary>
    public Task<bool> RemoveAsync(string id) => storage.Documents.RemoveAsync(Kind, Normal(id));

    /// <summary>Checks a password; on success the account, else how long to wait (zero: just wrong).</summary>
    public (PortalUser? User, TimeSpan Wait) Check(string id, string password, string source)
    {
        lock (_throttle)
        {
            if (_throttle.Wait(Normal(id), source, _clock.Now) is var wait && wait > TimeSpan.Zero)
                return (null, wait);
        }

        PortalUser? user = Find(id);
        DateTimeOffset now = _clock.UtcNow;
        if (!PasswordHash.Fits(password, user?.Password) || (user!.From > now) || (user.Until <= now))
        {
            Fail(id, source);
            return (null, TimeSpan.Zero);
        }

        return (user, TimeSpan.Zero);
    }

    /// <summary>Counts a wrong second factor like a wrong password.</summary>
    public void Fail(string id, string source)
    {
        lock (_throttle)
            _throttle.HandleFailure(Normal(id), source, _clock.Now);
    }

    /// <summary>How long second-factor tries of this account have to wait.</summary>
    public TimeSpan Wait(string id, string source)
    {
        lock (_throttle)
            return _throttle.Wait(Normal(id), source, _clock.Now);
    }

    /// <summary>Checks a one-time code; each works once.</summary>
    public bool CheckCode(PortalUser user, PortalSession session, string code)
    {
        if (user.SecondFactor is null || box.Unseal(user.SecondFactor, s_label) is not { } secret)
            return false;
        bool ok = CheckCode(secret, session, code);
        CryptographicOperations.ZeroMemory(secret);
        return ok;
    }

    /// <summary>Starts enrolling a second factor: the secret and the URI that authenticator apps read.</summary>
    public static (string Secret, string Uri) BeginEnrol(PortalSession session)
    {
        session.PendingSecondFactor = RandomNumberGenerator.GetBytes(20);
        string text = Totp.Text(session.PendingSecondFactor);
        return (text, $"otpauth://totp/MediaRelay:{Uri.EscapeDataString(session.User.Id)}?secret={text}&issuer=MediaRelay");
    }

    /// <summary>Finishes enrolling with the first code; false when it does not fit.</summary>
    public async Task<bool> ConfirmEnrolAsync(PortalSession session, string code)
    {
        if (session.PendingSecondFactor is not { } secret || !CheckCode(secret, session, code))
            return false;
        session.User = session.User with { SecondFactor = box.Seal(secret, s_label) };
        session.PendingSecondFactor = null;
        await SaveAsync(session.User).ConfigureAwait(false);
        return true;
    }

    private bool CheckCode(byte[] secret, PortalSession session, string code)
    {
        if (Totp.Verify(secret, code, _clock.UtcNow, session.LastSecondFactorStep) is not { } step)
            return false;
        session.LastSecondFactorStep = step;
        session.SecondFactorAt = _clock.Now;
        return true;
    }

    private static string Normal(string id) => id.Trim().ToLowerInvariant();
}
