using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using MediaRelay.Turn.IO.Shards;

namespace MediaRelay.Turn.IO;

/// <summary>
/// Pages for the operator, under <c>/admin/turn</c> on the management listener: <c>GET allocations</c> and
/// <c>DELETE allocations/{user}</c>.
/// </summary>
public static class TurnAdmin
{
    private const int DefaultLimit = 1000;

    public static void MapTurnAdmin(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/admin/turn/allocations", async (HttpContext context, int? limit) =>
            Results.Json(await ListAsync(context.RequestServices.GetRequiredService<TurnServer>(), limit ?? DefaultLimit)));
        endpoints.MapDelete("/admin/turn/allocations/{user}", async (HttpContext context, string user) =>
            Results.Json(new { ended = await RevokeAsync(context.RequestServices.GetRequiredService<TurnServer>(), user) }));
    }

    internal static async Task<TurnTable> ListAsync(TurnServer server, int limit)
    {
        var rows = new List<TurnTableRow>();
        foreach (var shard in server.Shards)
        {
            var done = new TaskCompletionSource<IReadOnlyList<AllocationSnapshot>>(TaskCreationOptions.RunContinuationsAsynchronously);
            await shard.Inbox.PostAsync(self => done.TrySetResult(self.Engine.Snapshot(self.Now, limit)));
            foreach (var item in await done.Task.WaitAsync(TimeSpan.FromSeconds(5)))
            {
                rows.Add(new TurnTableRow(
                    LogText.Escape(System.Text.Encoding.UTF8.GetBytes(item.UserName)), item.Client.Client.ToString(), item.Transport.ToString(),
                    [.. item.RelayedAddresses.Select(address => address.ToString())], [.. item.Peers.Select(peer => peer.ToString())],
                    item.Age.TotalSeconds, item.ExpiresIn.TotalSeconds, item.BytesToPeer, item.BytesToClient, item.PacketsToPeer, item.PacketsToClient, shard.Index));
            }
        }

        return new TurnTable(server.Shards.Sum(shard => shard.Allocations), server.IsDraining, rows);
    }

    private static async Task<int> RevokeAsync(TurnServer server, string user)
    {
        var name = System.Text.Encoding.UTF8.GetBytes(user);
        var sum = 0;
        foreach (var shard in server.Shards)
        {
            var done = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
            await shard.Inbox.PostAsync(self => done.TrySetResult(self.Revoke(name)));
            sum += await done.Task.WaitAsync(TimeSpan.FromSeconds(5));
        }

        return sum;
    }
}

/// <summary>What <c>GET /admin/turn/allocations</c> answers.</summary>
public sealed record TurnTable(int Allocations, bool IsDraining, IReadOnlyList<TurnTableRow> Rows);

/// <summary>One allocation: who, since when, through which addresses, how much. Ages in seconds.</summary>
public sealed record TurnTableRow(
    string User, string Client, string Transport, IReadOnlyList<string> Relayed, IReadOnlyList<string> Peers,
    double AgeSeconds, double ExpiresInSeconds, long BytesToPeer, long BytesToClient, long PacketsToPeer, long PacketsToClient, int Shard);
