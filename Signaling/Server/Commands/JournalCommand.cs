using System.CommandLine;
using System.Text.Json;
using MediaRelay.Server.Hosting;
using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Events;
using MediaRelay.Signaling.IO.Storage;
using MediaRelay.Signaling.IO.Storage.Sqlite;

namespace MediaRelay.Server.Commands;

/// <summary><c>mediarelay journal</c>: prove that no event was changed or lost, and hand events to other programs.</summary>
internal static class JournalCommand
{
    private const int Page = 500;

    private static readonly Option<string> s_data = new("--data") { Description = "Data folder of the node (Node:DataFolder).", HelpName = "folder", DefaultValueFactory = _ => "data" };

    public static Command Create() => new("journal", """
        The journal of events: verify its hash chain, export its events. Both work while the server runs.

        Examples:
          mediarelay journal verify --data data
          mediarelay journal export --data data --after 1200 --gateway gw-0001 > events.jsonl
        """)
    {
        Verify(), Export(),
    };

    private static Command Verify()
    {
        var ends = new Option<string?>("--ends") { Description = "File with ends of the chains that were noted before (Signaling:ChainEndsFile, or a copy); without it, chain-ends.log in the data folder.", HelpName = "file" };
        var command = new Command("verify", """
            Check every event's digest and the chain over all of them, the chain of the audit, and that
            both still reach the ends that were noted before. Exit code 1 when a fault is found.

            Examples:
              mediarelay journal verify --data data
              mediarelay journal verify --data data --ends /mnt/safe/chain-ends.log
            """)
        { s_data, ends };
        command.SetAction((parse, _) => OpenAsync(parse.GetValue(s_data)!, storage =>
        {
            var noted = new ChainEnds(parse.GetValue(ends) ?? Path.Combine(parse.GetValue(s_data)!, ChainEnds.FileName));
            bool hasEnds = File.Exists(noted.Path);
            if (!hasEnds && parse.GetValue(ends) is not null)
                throw new FormatException($"{noted.Path} does not exist. Name the file that Signaling:ChainEndsFile names, or leave --ends out.");
            IReadOnlyList<string> cuts = noted.Compare(storage);
            JournalVerdict verdict = storage.Events.Verify();
            foreach (string fault in verdict.Faults)
                Console.WriteLine(fault);
            Console.WriteLine($"{verdict.Events} events, positions {verdict.FirstPosition} to {verdict.LastPosition}, {verdict.Purged} purged: {(verdict.Faults.Count == 0 ? "the chain is whole" : $"{verdict.Faults.Count} faults")}.");
            string? audit = storage.Audit.Verify();
            Console.WriteLine(audit is null ? "The audit's chain is whole." : $"The audit's chain is broken: {audit}");
            foreach (string cut in cuts)
                Console.WriteLine(cut);
            Console.WriteLine(!hasEnds ? $"{noted.Path} does not exist, so a cut end would not be found." : cuts.Count == 0 ? $"Both reach all ends that {noted.Path} names." : $"Records are missing that {noted.Path} names, or an older database was put back.");
            return verdict.Faults.Count == 0 && audit is null && cuts.Count == 0 ? ExitCode.Success : ExitCode.Failed;
        }));
        return command;
    }

    private static Command Export()
    {
        var after = new Option<long>("--after") { Description = "Position behind which to start; 0 is the beginning." };
        var gateway = new Option<string?>("--gateway") { Description = "Only events of this gateway." };
        var command = new Command("export", """
            Write events as one JSON object per line, with the event itself as XML of the contract.

            Examples:
              mediarelay journal export --data data --after 1200 > events.jsonl
            """)
        { s_data, after, gateway };
        command.SetAction((parse, _) => OpenAsync(parse.GetValue(s_data)!, storage =>
        {
            using Stream output = Console.OpenStandardOutput();
            using var writer = new Utf8JsonWriter(output, new JsonWriterOptions { SkipValidation = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
            var x = new XmlOutput();
            long position = parse.GetValue(after);
            while (storage.Events.Read(position, Page) is { Count: > 0 } page)
            {
                position = page[^1].Position;
                foreach (StoredEvent stored in page.Where(one => parse.GetValue(gateway) is not { } wanted || one.Gateway == wanted))
                {
                    Write(writer, x, stored);
                    writer.Flush();
                    output.Write("\n"u8);
                    writer.Reset();
                }
            }

            return ExitCode.Success;
        }));
        return command;
    }

    private static void Write(Utf8JsonWriter writer, XmlOutput x, StoredEvent stored)
    {
        x.Clear();
        SmaWriter.WriteEvent(x, stored.Event);
        writer.WriteStartObject();
        writer.WriteNumber("position", stored.Position);
        writer.WriteString("gateway", stored.Gateway);
        writer.WriteString("epoch", stored.Epoch);
        writer.WriteNumber("seq", stored.Event.Seq);
        writer.WriteString("id", stored.Event.Id);
        writer.WriteString("kind", stored.Event.Kind);
        writer.WriteString("priority", SmaWriter.PriorityName(stored.Event.Priority));
        writer.WriteString("time", SmaTime.Write(stored.Event.Time));
        writer.WriteString("received", SmaTime.Write(stored.Received));
        writer.WriteString("event", x.Written);
        writer.WriteEndObject();
    }

    private static async Task<int> OpenAsync(string folder, Func<SqliteStorage, int> work)
    {
        if (!File.Exists(Path.Combine(folder, SqliteStorage.FileName)))
        {
            await Console.Error.WriteLineAsync($"mediarelay: {Path.Combine(folder, SqliteStorage.FileName)} does not exist. Name the node's data folder with --data.");
            return ExitCode.Usage;
        }

        int code = ExitCode.Success;
        int guarded = await CaCommand.GuardAsync(async () =>
        {
            await using SqliteStorage storage = SqliteStorage.OpenReadOnly(folder);
            code = work(storage);
        });
        return guarded == ExitCode.Success ? code : guarded;
    }
}
