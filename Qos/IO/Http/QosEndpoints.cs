using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Threading.Channels;
using MediaRelay.Qos.Gates;
using MediaRelay.Qos.IO.Links;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace MediaRelay.Qos.IO.Http;

/// <summary>
/// The application manager for a foreign application server: gates of a session by POST, their end by DELETE, events as a stream.
/// It answers only on its own listener and, when a key is configured, only with that bearer key.
/// </summary>
public static class QosEndpoints
{
    private const int MaxGates = 16;
    private const int EventQueue = 1024;
    private const int LeastKey = 16;
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, Converters = { new JsonStringEnumConverter() },
    };

    /// <summary>Adds the endpoints; they exist only when <see cref="QosOptions.ApplicationServerListen"/> is set.</summary>
    public static void MapQos(this IEndpointRouteBuilder routes)
    {
        QosOptions options = routes.ServiceProvider.GetRequiredService<QosOptions>();
        if (options.ApplicationServerListen.Length == 0) return;
        int port = IPEndPoint.Parse(options.ApplicationServerListen).Port;
        byte[]? key = ReadKey(options);
        RouteGroupBuilder group = routes.MapGroup("/qos/v1");
        group.AddEndpointFilter((context, next) => Refusal(context.HttpContext, port, key) is { } refusal ? ValueTask.FromResult<object?>(refusal) : next(context));
        PolicyServerLink link = routes.ServiceProvider.GetRequiredService<PolicyServerLink>();
        group.MapPost("/sessions/{session}/gates", (string session, HttpContext context) => RequestAsync(link, options, session, context));
        group.MapDelete("/sessions/{session}", (string session) => ReleaseAsync(link, session));
        group.MapPut("/gates/{gate}", (string gate, HttpContext context) => ModifyAsync(link, gate, context));
        group.MapPost("/gates/{gate}/refresh", (string gate) => TryReadHandle(gate, out GateHandle handle) ? DoneAsync(link.RefreshGateAsync(handle)) : NoGate());
        group.MapDelete("/gates/{gate}", (string gate) => TryReadHandle(gate, out GateHandle handle) ? DoneAsync(link.ReleaseGateAsync(handle)) : NoGate());
        group.MapGet("/events", (HttpContext context) => StreamAsync(link, context));
        group.MapGet("/status", () => Results.Json(new { connected = link.IsConnected, gates = link.GateCount }, Json));
    }

    /// <summary>The bearer key, null when none is named.</summary>
    /// <exception cref="FormatException">Its file cannot be used; the message is a sentence for the operator.</exception>
    internal static byte[]? ReadKey(QosOptions options)
    {
        if (options.ApplicationServerKeyFile.Length == 0) return null;
        string key;
        try
        {
            key = File.ReadAllText(options.ApplicationServerKeyFile).Trim();
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new FormatException($"Qos:ApplicationServerKeyFile {options.ApplicationServerKeyFile} cannot be read: {fault.Message.TrimEnd('.')}.", fault);
        }
        return key.Length >= LeastKey ? Encoding.UTF8.GetBytes(key)
            : throw new FormatException($"Qos:ApplicationServerKeyFile {options.ApplicationServerKeyFile} has a key of {key.Length} characters. At least {LeastKey} are needed, e.g. the output of: openssl rand -hex 32");
    }

    private static IResult? Refusal(HttpContext context, int port, byte[]? key)
    {
        if (context.Connection.LocalPort != port) return Results.NotFound();
        if (key is null) return null;
        string given = context.Request.Headers.Authorization.ToString();
        const string scheme = "Bearer ";
        bool isRight = given.StartsWith(scheme, StringComparison.Ordinal) && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(given[scheme.Length..]), key);
        return isRight ? null : Results.Unauthorized();
    }

    private static async Task<IResult> RequestAsync(PolicyServerLink link, QosOptions options, string session, HttpContext context)
    {
        if (session.Length > 128) return Problem("The session's name has at most 128 characters.");
        (RequestBody? body, string fault) = await ReadAsync<RequestBody>(context);
        if (body is null) return Problem(fault);
        if (body.Gates.Length is 0 or > MaxGates) return Problem($"Ask for 1 to {MaxGates} gates at a time.");
        var requests = new GateRequest[body.Gates.Length];
        for (int i = 0; i < requests.Length; i++)
        {
            if (!body.Gates[i].TryRead(out requests[i], out string wrong)) return Problem($"Gate {i + 1}: {wrong}.");
        }
        var first = new ConcurrentDictionary<GateHandle, GateEvent>();
        using var all = new SemaphoreSlim(0);
        using IDisposable subscription = link.Subscribe(happened =>
        {
            if (happened.Session == session && first.TryAdd(happened.Gate, happened)) all.Release();
        });
        IReadOnlyList<GateHandle> handles = await link.RequestGatesAsync(session, requests);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        limit.CancelAfter(options.RequestDeadline + TimeSpan.FromSeconds(1));
        try
        {
            while (!handles.All(first.ContainsKey)) await all.WaitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            // What has no outcome now is reported as such below.
        }
        return Results.Json(new { gates = handles.Select(h => first.TryGetValue(h, out GateEvent? happened) ? View(happened) : new EventView(session, h.ToString(), GateEventKind.Unavailable, default, default, 0, 0, null, 0, 0)) }, Json);
    }

    private static async Task<IResult> ReleaseAsync(PolicyServerLink link, string session)
    {
        await link.ReleaseGatesAsync(session);
        return Results.Accepted();
    }

    private static async Task<IResult> ModifyAsync(PolicyServerLink link, string gate, HttpContext context)
    {
        if (!TryReadHandle(gate, out GateHandle handle)) return Results.NotFound();
        (GateBody? body, string fault) = await ReadAsync<GateBody>(context);
        if (body is null) return Problem(fault);
        if (!body.TryRead(out GateRequest request, out string wrong)) return Problem(wrong + ".");
        await link.ModifyGateAsync(handle, request);
        return Results.Accepted();
    }

    /// <summary>Server-sent events, one per gate event. A reader that falls behind loses its stream, not our memory.</summary>
    private static async Task StreamAsync(PolicyServerLink link, HttpContext context)
    {
        var queue = Channel.CreateBounded<GateEvent>(new BoundedChannelOptions(EventQueue) { FullMode = BoundedChannelFullMode.Wait, SingleReader = true });
        using IDisposable subscription = link.Subscribe(happened =>
        {
            if (!queue.Writer.TryWrite(happened)) queue.Writer.TryComplete();
        });
        context.Response.ContentType = "text/event-stream";
        await context.Response.StartAsync(context.RequestAborted);
        await context.Response.Body.FlushAsync(context.RequestAborted);
        try
        {
            await foreach (GateEvent happened in queue.Reader.ReadAllAsync(context.RequestAborted))
            {
                await context.Response.WriteAsync($"event: gate\ndata: {JsonSerializer.Serialize(View(happened), Json)}\n\n", context.RequestAborted);
                await context.Response.Body.FlushAsync(context.RequestAborted);
            }
        }
        catch (OperationCanceledException)
        {
            // The reader has gone.
        }
    }

    private static async Task<(T? Body, string Fault)> ReadAsync<T>(HttpContext context)
        where T : class
    {
        const int MostBytes = 64 * 1024;
        if (context.Request.ContentLength is > MostBytes) return (null, "The body is larger than 64 KiB.");
        try
        {
            using var bounded = new MemoryStream();
            var buffer = new byte[4096];
            int count;
            while ((count = await context.Request.Body.ReadAsync(buffer, context.RequestAborted)) > 0)
            {
                bounded.Write(buffer, 0, count);
                if (bounded.Length > MostBytes) return (null, "The body is larger than 64 KiB.");
            }
            return (JsonSerializer.Deserialize<T>(bounded.ToArray(), Json), "The body is empty.");
        }
        catch (JsonException wrong)
        {
            return (null, $"The body is not as described at {wrong.Path}, line {wrong.LineNumber + 1}.");
        }
    }

    private static bool TryReadHandle(string text, out GateHandle handle)
    {
        bool isNumber = ulong.TryParse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out ulong value);
        handle = new GateHandle(value);
        return isNumber;
    }

    private static async Task<IResult> DoneAsync(Task work)
    {
        await work;
        return Results.Accepted();
    }

    private static Task<IResult> NoGate() => Task.FromResult(Results.NotFound());

    private static IResult Problem(string detail) => Results.Problem(detail, statusCode: StatusCodes.Status400BadRequest, title: "The gate request cannot be read.", type: "urn:mediarelay:qos:request");

    private static EventView View(GateEvent e) => new(
        e.Session, e.Gate.ToString(), e.Kind, e.State, e.Reason, (ushort)e.Error.Code, e.Error.SubCode, e.Error.IsNone ? null : e.Error.Code.ToString(), e.CommittedSeconds, e.UsageKilobytes);

    private sealed record RequestBody(GateBody[] Gates);

    private sealed record EventView(
        string Session, string Gate, GateEventKind Outcome, Pcmm.GateState State, Pcmm.GateReason Reason, ushort Error, ushort SubCode, string? ErrorName, uint CommittedSeconds, ulong UsageKilobytes);
}
