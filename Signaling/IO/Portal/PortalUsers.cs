using System.Security.Cryptography;
using MediaRelay.Signaling.Access;
using MediaRelay.Signaling.IO.Authority;
using MediaRelay.Signaling.IO.Storage;

namespace MediaRelay.Signaling.IO.Portal;

/// <summary>The accounts, their passwords and second factors.</summary>
public sealed class PortalUsers(IStorage storage, SecretBox box, TimeProvider time) : IDisposable
{
    internal const string Kind = "user";
    private const string StepKind = "one-time-code";
    private static readonly TimeSpan s_busy = TimeSpan.FromSeconds(2);
    private static readonly byte[] s_label = "second-factor"u8.ToArray();
    private static readonly TimeSpan s_hashPatience = TimeSpan.FromSeconds(5);
    private const int MaxWaiting = 32;
    private readonly LoginThrottle _throttle = new();
    private readonly SemaphoreSlim _hashes = new(Math.Max(1, Environment.ProcessorCount / 2));
    private readonly SemaphoreSlim _codes = new(1, 1);
    private int _waiting;
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

    public void Dispose()
    {
        _hashes.Dispose();
        _codes.Dispose();
    }

    /// <summary>Removes an account.</summary>
    public Task<bool> RemoveAsync(string id) => storage.Documents.RemoveAsync(Kind, Normal(id));

    /// <summary>
    /// Checks a password. The try counts from now on, until <see cref="Succeed"/> takes it back; only some passwords are worked on at the same
    /// time, because each is made to cost much, and who finds too many before is asked to come again.
    /// </summary>
    public async Task<LoginTry> CheckAsync(string id, string password, string source)
    {
        if (Begin(id, source) is var wait && wait > TimeSpan.Zero)
            return new LoginTry(null, wait, IsBusy: false);
        bool isMine = false;
        try
        {
            isMine = Interlocked.Increment(ref _waiting) <= MaxWaiting && await _hashes.WaitAsync(s_hashPatience).ConfigureAwait(false);
            if (!isMine)
            {
                Succeed(id, source);
                return new LoginTry(null, s_busy, IsBusy: true);
            }

            PortalUser? user = Find(id);
            bool fits = await Task.Run(() => PasswordHash.Fits(password, user?.Password)).ConfigureAwait(false);
            return new LoginTry(fits && user!.IsOpen(_clock.UtcNow) ? user : null, TimeSpan.Zero, IsBusy: false);
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
            if (isMine)
                _hashes.Release();
        }
    }

    /// <summary>Starts a try with a password or a one-time code: counts it, or answers how long to wait.</summary>
    public TimeSpan Begin(string id, string source)
    {
        lock (_throttle)
            return _throttle.Begin(Normal(id), source, _clock.Now);
    }

    /// <summary>A try was right; it does not count.</summary>
    public void Succeed(string id, string source)
    {
        lock (_throttle)
            _throttle.HandleSuccess(Normal(id), source);
    }

    /// <summary>Checks a one-time code; each works once, in whatever login it is given.</summary>
    public async Task<bool> CheckCodeAsync(PortalUser user, string code)
    {
        if (user.SecondFactor is null || box.Unseal(user.SecondFactor, s_label) is not { } secret)
            return false;
        await _codes.WaitAsync().ConfigureAwait(false);
        try
        {
            long last = storage.Documents.Find(StepKind, user.Id) is { } document ? PortalJson.Read<LastCode>(document.Json).Step : 0;
            return await TakeAsync(user, secret, code, last).ConfigureAwait(false);
        }
        finally
        {
            _codes.Release();
            CryptographicOperations.ZeroMemory(secret);
        }
    }

    /// <summary>Starts enrolling a second factor: the secret and the URI that authenticator apps read.</summary>
    public static (string Secret, string Uri) BeginEnrol(PortalSession session)
    {
        session.PendingSecondFactor = RandomNumberGenerator.GetBytes(20);
        string text = Totp.Text(session.PendingSecondFactor);
        return (text, $"otpauth://totp/MediaRelay:{Uri.EscapeDataString(session.User.Id)}?secret={text}&issuer=MediaRelay");
    }

    /// <summary>Finishes enrolling with the first code; false when it does not fit, or the account is not the one any more that began.</summary>
    public async Task<bool> ConfirmEnrolAsync(PortalSession session, string code)
    {
        await _codes.WaitAsync().ConfigureAwait(false);
        try
        {
            // A new secret was never used before.
            if (session.PendingSecondFactor is not { } secret || Find(session.User.Id) is not { } user || user.Password != session.User.Password || !await TakeAsync(user, secret, code, 0).ConfigureAwait(false))
                return false;
            user = user with { SecondFactor = box.Seal(secret, s_label) };
            await SaveAsync(user).ConfigureAwait(false);
            session.User = user;
            session.PendingSecondFactor = null;
            return true;
        }
        finally
        {
            _codes.Release();
        }
    }

    /// <summary>Takes a code that fits, durably before anything is answered.</summary>
    private async Task<bool> TakeAsync(PortalUser user, byte[] secret, string code, long last)
    {
        DateTimeOffset now = _clock.UtcNow;
        // A step far ahead was taken by a clock that was wrong; it must not lock the person out.
        if (Totp.Verify(secret, code, now, last > Totp.Step(now) + 1 ? 0 : last) is not { } step)
            return false;
        await storage.Documents.SaveAsync([new StoredDocument(StepKind, user.Id, "", true, now, PortalJson.Write(new LastCode(step)))]).ConfigureAwait(false);
        return true;
    }

    /// <summary>The form of a user name in which it is kept.</summary>
    internal static string Normal(string id) => id.Trim().ToLowerInvariant();

    private sealed record LastCode(long Step);
}

/// <summary>What became of a try to log in.</summary>
/// <param name="User">The account when the password fits, else null.</param>
/// <param name="Wait">How long to wait before the next try; zero: it was just wrong.</param>
/// <param name="IsBusy">True when it was not tried, because too many log in at this moment.</param>
public sealed record LoginTry(PortalUser? User, TimeSpan Wait, bool IsBusy);
