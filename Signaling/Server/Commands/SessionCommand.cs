using System.CommandLine;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Serialization;
using MediaRelay.Server.Hosting;
using MediaRelay.Signaling.IO.Portal;
using MediaRelay.Turn.IO;

namespace MediaRelay.Server.Commands;

/// <summary><c>mediarelay session</c>: look-ins of a running node, and the story of one of them.</summary>
internal static class SessionCommand
{
    private static readonly Option<string> s_metrics = new("--metrics") { Description = "Management address of the running node.", HelpName = "ip:port", DefaultValueFactory = _ => "127.0.0.1:9464" };

    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web) { Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) } };

    public static Command Create() => new("session", """
        Look-ins: which run and ran, and one of them step by step. Its name stands in the logs of portal, gateway, gates and relay.

        Examples:
          mediarelay session list
          mediarelay session show s-0a1b2c3d4e5f60718293a4b5
        """)
    {
        List(), Show(),
    };

    private static Command List()
    {
        var rows = new Option<int>("--rows") { Description = "Most past look-ins shown, 1 to 1000.", DefaultValueFactory = _ => 20 };
        var command = new Command("list", """
            Show the look-ins that run, and the last ones that ended.

            Examples:
              mediarelay session list --rows 100
            """)
        { s_metrics, rows };
        command.SetAction((parse, stop) => AskAsync(parse.GetValue(s_metrics)!, async client =>
        {
            Sessions found = (await client.GetFromJsonAsync<Sessions>($"/admin/sessions?limit={parse.GetValue(rows)}", s_json, stop))!;
            await Console.Out.WriteAsync(SessionStory.List(found.Items, DateTimeOffset.UtcNow));
            return ExitCode.Success;
        }, stop));
        return command;
    }

    private static Command Show()
    {
        var session = new Argument<string>("session") { Description = "Name of the session, as the portal's address and the logs have it." };
        var command = new Command("show", """
            Show one look-in: who, the time of every step, the path, the gates, the allocations it holds, and why it ended.

            Examples:
              mediarelay session show s-0a1b2c3d4e5f60718293a4b5
            """)
        { session, s_metrics };
        command.SetAction((parse, stop) => AskAsync(parse.GetValue(s_metrics)!, async client =>
        {
            string name = parse.GetValue(session)!;
            using HttpResponseMessage answer = await client.GetAsync($"/admin/sessions/{Uri.EscapeDataString(name)}", stop);
            if (answer.StatusCode == HttpStatusCode.NotFound)
            {
                await Console.Error.WriteLineAsync($"mediarelay: this node knows no session {name}. 'mediarelay session list' shows those it knows.");
                return ExitCode.Failed;
            }

            answer.EnsureSuccessStatusCode();
            LookInEntry entry = (await answer.Content.ReadFromJsonAsync<LookInEntry>(s_json, stop))!;
            await Console.Out.WriteAsync(SessionStory.Write(entry, await AllocationsAsync(client, name, stop)));
            return ExitCode.Success;
        }, stop));
        return command;
    }

    /// <summary>Allocations of a session; none when the relay is another node.</summary>
    private static async Task<IReadOnlyList<TurnTableRow>> AllocationsAsync(HttpClient client, string session, CancellationToken stop)
    {
        using HttpResponseMessage answer = await client.GetAsync("/admin/turn/allocations?limit=100000", stop);
        return answer.IsSuccessStatusCode && await answer.Content.ReadFromJsonAsync<TurnTable>(s_json, stop) is { } table
            ? [.. table.Rows.Where(r => r.User.Contains(session, StringComparison.Ordinal))]
            : [];
    }

    private static Task<int> AskAsync(string address, Func<HttpClient, Task<int>> work, CancellationToken stop) => ManagementClient.AskAsync(
        address, "node", "Name its Node:MetricsListen with --metrics.", $"the node at {address} serves no sessions. Ask one with a Signaling section.", work, stop);

    private sealed record Sessions([property: JsonPropertyName("sessions")] IReadOnlyList<LookInEntry> Items);
}
