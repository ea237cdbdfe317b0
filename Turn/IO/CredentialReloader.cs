using MediaRelay.Turn.Access;
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
    private readonly Timer? _timer;
    private (DateTime Secrets, DateTime Users, DateTime Tokens) _seen;

    public CredentialReloader(TurnPlan plan, IReadOnlyList<RelayShard> shards, ILogger logger)
    {
        _plan = plan;
        _shards = shards;
        _logger = logger;
        _seen = Times();
        if (plan.Options.AuthSecretFile.Length + plan.Options.UsersFile.Length + plan.Options.TokenKeysFile.Length > 0)
            _timer = new Timer(_ => Look(), null, Period, Period);
    }

    public void Dispose() => _timer?.Dispose();

    private void Look()
    {
        var times = Times();
        if (times == _seen)
            return;
        _seen = times;
        try
        {
            var credentials = _plan.ReadCredentials();
            foreach (var shard in _shards)
                _ = shard.Inbox.PostAsync(self => self.Engine.Update(credentials)).AsTask(); // waits while the mailbox is full: no shard may miss it
            LogReloaded();
        }
        catch (Exception exception) when (exception is FormatException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            LogRefused(exception.Message);
        }
    }

    private (DateTime Secrets, DateTime Users, DateTime Tokens) Times() =>
        (TimeOf(_plan.Options.AuthSecretFile), TimeOf(_plan.Options.UsersFile), TimeOf(_plan.Options.TokenKeysFile));

    private static DateTime TimeOf(string file) => file.Length == 0 ? default : File.GetLastWriteTimeUtc(file);

    [LoggerMessage(1020, LogLevel.Information, "Users and secrets were read again; allocations made before go on.", EventName = "CredentialsReloaded")]
    private partial void LogReloaded();

    [LoggerMessage(1021, LogLevel.Error, "Changed users or secrets are not taken over: {Reason} The old ones stay in force.", EventName = "CredentialsRefused")]
    private partial void LogRefused(string reason);
}
