using MediaRelay.Tls;
using MediaRelay.Turn.IO.Shards;
using Microsoft.Extensions.Logging;

namespace MediaRelay.Turn.IO;

/// <summary>
/// Reads users and secrets again when their files change, and gives them to every shard. A faulty file is told and the old
/// credentials stay. Times are compared every second: that also sees files replaced by rename or through a mounted secret.
/// </summary>
internal sealed partial class CredentialReloader : IDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    private readonly TurnPlan _plan;
    private readonly IReadOnlyList<RelayShard> _shards;
    private readonly ILogger _logger;
    private readonly WatchedFiles _files;
    private readonly Timer? _timer;
    private int _looking;

    public CredentialReloader(TurnPlan plan, WatchedFiles files, IReadOnlyList<RelayShard> shards, ILogger logger)
    {
        (_plan, _files, _shards, _logger) = (plan, files, shards, logger);
        if (plan.Options.AuthSecretFile.Length + plan.Options.UsersFile.Length + plan.Options.TokenKeysFile.Length > 0)
            _timer = new Timer(_ => Look(), null, Period, Period);
    }

    /// <summary>The files with users, secrets and token keys.</summary>
    public static WatchedFiles FilesOf(TurnOptions options) => new(options.AuthSecretFile, options.UsersFile, options.TokenKeysFile);

    public void Dispose() => _timer?.Dispose();

    private void Look()
    {
        if (Interlocked.Exchange(ref _looking, 1) != 0)
            return;
        if (_files.Look(TakeOver, LogRefused))
            LogReloaded();
        Volatile.Write(ref _looking, 0);
    }

    private void TakeOver()
    {
        var credentials = _plan.ReadCredentials();
        foreach (var shard in _shards)
            _ = shard.Inbox.PostAsync(self => self.Engine.Update(credentials)).AsTask(); // waits while the mailbox is full: no shard may miss it
    }

    [LoggerMessage(1020, LogLevel.Information, "Users and secrets were read again; allocations made before go on.", EventName = "CredentialsReloaded")]
    private partial void LogReloaded();

    [LoggerMessage(1021, LogLevel.Error, "Changed users or secrets are not taken over: {Reason} The old ones stay in force.", EventName = "CredentialsRefused")]
    private partial void LogRefused(string reason);
}
