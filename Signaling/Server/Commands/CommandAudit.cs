using MediaRelay.Signaling.Incidents;
using MediaRelay.Signaling.IO.Storage;
using MediaRelay.Signaling.IO.Storage.Sqlite;

namespace MediaRelay.Server.Commands;

/// <summary>What the command line does to accounts and gateways, in the same audit as what people do through the portal.</summary>
internal static class CommandAudit
{
    /// <summary>Writes the line before the action is done, and another when it failed.</summary>
    public static async Task RunAsync(SqliteStorage storage, string what, Func<Task> action)
    {
        await WriteAsync(storage, what, "allowed");
        try
        {
            await action();
        }
        catch
        {
            await WriteAsync(storage, what, "failed");
            throw;
        }
    }

    /// <summary>The same for an action that needs no storage: without a database there is no server, and nothing to write to.</summary>
    public static async Task RunAsync(string data, string what, Action action)
    {
        if (!File.Exists(Path.Combine(data, SqliteStorage.FileName)))
        {
            action();
            return;
        }

        await using SqliteStorage storage = SqliteStorage.Open(data);
        await RunAsync(storage, what, () =>
        {
            action();
            return Task.CompletedTask;
        });
    }

    private static Task<AuditRecord> WriteAsync(SqliteStorage storage, string what, string result) => storage.Audit.AppendAsync(new AuditLine(
        DateTimeOffset.UtcNow, Environment.UserName, "CommandLine", "", "command line", result, "local", $"mediarelay {what}"));
}
