using System.Globalization;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using MediaRelay.Signaling.Access;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace MediaRelay.Signaling.IO.Portal;

/// <summary>Login, second factor, who am I, and the stream of changes.</summary>
internal sealed class SessionModule(PortalUsers users, PortalSessions sessions, PortalFeed feed, AccessGate gate, SignalingOptions options) : IPortalModule
{
    private static readonly TimeSpan s_heartbeat = TimeSpan.FromSeconds(15);

    public void Map(IEndpointRouteBuilder routes)
    {
        PortalGuard.AllowAnonymous(routes.MapPost("/api/login", LoginAsync)).WithSummary("Log in with a password, and a one-time code when a second factor is enrolled.");
        PortalGuard.AllowBeforeEnrolment(routes.MapPost("/api/logout", Logout)).WithSummary("Log out.");
        PortalGuard.AllowBeforeEnrolment(routes.MapGet("/api/me", Me)).WithSummary("Who is logged in, and the anti-forgery token.");
        routes.MapPost("/api/second-factor", SecondFactor).WithSummary("Give a one-time code; it counts for look-in and disarm for some minutes.");
        PortalGuard.AllowBeforeEnrolment(routes.MapPost("/api/second-factor/enrol", (HttpContext context) =>
        {
            if (PortalGuard.SessionOf(context) is { User.SecondFactor: not null } enrolled && !sessions.IsFresh(enrolled))
                return Problem.Of(StatusCodes.Status403Forbidden, "second-factor", "Give a code of the app that is enrolled now, then enrol another.", "second-factor");
            var (secret, uri) = PortalUsers.BeginEnrol(PortalGuard.SessionOf(context)!);
            return Results.Json(new { secret, uri });
        })).WithSummary("Start enrolling a second factor.");
        PortalGuard.AllowBeforeEnrolment(routes.MapPost("/api/second-factor/confirm", async (HttpContext context, CodeRequest request) =>
            await users.ConfirmEnrolAsync(PortalGuard.SessionOf(context)!, request.Code) ? Results.NoContent() : Problem.Invalid("The code does not fit. Check the clock of the device that made it.")))
            .WithSummary("Finish enrolling with the first code.");
        routes.MapGet("/api/events", (HttpContext context, CancellationToken stop) => TypedResults.ServerSentEvents(StreamAsync(context, stop))).WithSummary("Changes as they happen (Server-Sent Events).");
    }

    private Task<IResult> LoginAsync(HttpContext context, LoginRequest request) => Task.Run(() =>
    {
        string source = PortalGuard.SourceOf(context);
        var (user, wait) = users.Check(request.User ?? "", request.Password ?? "", source);
        if (user is null)
        {
            if (wait <= TimeSpan.Zero)
                return Problem.Of(StatusCodes.Status401Unauthorized, "unauthorized", "The user name or the password is wrong.");
            context.Response.Headers.RetryAfter = Math.Ceiling(wait.TotalSeconds).ToString(CultureInfo.InvariantCulture);
            return Problem.Of(StatusCodes.Status429TooManyRequests, "too-many-tries", $"Too many wrong tries. Wait {Math.Ceiling(wait.TotalSeconds):0} s.");
        }

        var (id, session) = sessions.Start(user);
        if (user.SecondFactor is not null && !users.CheckCode(user, session, request.Code ?? ""))
        {
            sessions.End(id);
            users.Fail(user.Id, source);
            return Problem.Of(StatusCodes.Status401Unauthorized, "second-factor", "Give the six digits of your authenticator app as well.", "second-factor");
        }

        // A new login never continues the session that the browser may still hold.
        if (PortalGuard.SessionIdOf(context) is { } old)
            sessions.End(old);
        context.Response.Cookies.Append(PortalGuard.Cookie, id, new CookieOptions { HttpOnly = true, Secure = true, SameSite = SameSiteMode.Strict, Path = "/", MaxAge = options.LoginLife });
        return Results.Json(new { user = View(user), csrf = session.Csrf });
    });

    private IResult Logout(HttpContext context)
    {
        sessions.End(PortalGuard.SessionIdOf(context)!);
        context.Response.Cookies.Delete(PortalGuard.Cookie, new CookieOptions { Secure = true, Path = "/" });
        return Results.NoContent();
    }

    private IResult Me(HttpContext context)
    {
        PortalSession session = PortalGuard.SessionOf(context)!;
        Actor actor = session.User.ToActor();
        string home = actor.Home ?? "";
        return Results.Json(new
        {
            user = View(session.User),
            csrf = session.Csrf,
            rights = Enum.GetValues<HomeAction>().Where(a => gate.Peek(actor, a, home).IsAllowed),
            secondFactor = new { enrolled = session.User.SecondFactor is not null, required = sessions.MustEnrol(session.User), fresh = sessions.IsFresh(session) },
        });
    }

    private IResult SecondFactor(HttpContext context, CodeRequest request)
    {
        PortalSession session = PortalGuard.SessionOf(context)!;
        string source = PortalGuard.SourceOf(context);
        if (users.Wait(session.User.Id, source) is var wait && wait > TimeSpan.Zero)
            return Problem.Of(StatusCodes.Status429TooManyRequests, "too-many-tries", $"Too many wrong tries. Wait {Math.Ceiling(wait.TotalSeconds):0} s.");
        if (users.CheckCode(session.User, session, request.Code))
            return Results.NoContent();
        users.Fail(session.User.Id, source);
        return Problem.Of(StatusCodes.Status401Unauthorized, "second-factor", "The code does not fit.", "second-factor");
    }

    private async IAsyncEnumerable<SseItem<string>> StreamAsync(HttpContext context, [EnumeratorCancellation] CancellationToken stop)
    {
        Actor actor = PortalGuard.ActorOf(context);
        string id = PortalGuard.SessionIdOf(context)!;
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stop);
        await using IAsyncEnumerator<PortalChange> changes = feed.ReadAsync(ended.Token).GetAsyncEnumerator(ended.Token);
        // Whoever has heard hello misses nothing from then on.
        yield return new SseItem<string>("{}", "hello");
        Task<bool> next = changes.MoveNextAsync().AsTask();
        try
        {
            while (true)
            {
                if (await Task.WhenAny(next, Task.Delay(s_heartbeat, stop)).ConfigureAwait(false) != next)
                {
                    // The heartbeat also finds out that the person was logged out meanwhile.
                    if (stop.IsCancellationRequested || sessions.Find(id) is null)
                        yield break;
                    yield return new SseItem<string>("{}", "heartbeat");
                    continue;
                }

                if (!await next.ConfigureAwait(false))
                    yield break;
                if (MayHear(actor, changes.Current))
                    yield return new SseItem<string>(changes.Current.Data, changes.Current.Kind);
                next = changes.MoveNextAsync().AsTask();
            }
        }
        finally
        {
            // The feed must not be disposed while it is being read, which it always is when a page goes away.
            await ended.CancelAsync().ConfigureAwait(false);
            await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private bool MayHear(Actor actor, PortalChange change) => change.Kind switch
    {
        _ when change.IsSilent && !SilentAlarms.MayKnow(actor.Role) => false,
        "incident" when actor.Role is ActorRole.CentralStationOperator or ActorRole.CentralStationSupervisor => true,
        "gateway" or "session" when actor.Role == ActorRole.MsoOperator => true,
        _ => change.Home.Length > 0 && gate.Peek(actor, HomeAction.ViewState, change.Home).IsAllowed,
    };

    private static object View(PortalUser user) => new { id = user.Id, name = user.Name, role = user.Role, home = user.Home };

    internal sealed record LoginRequest(string? User, string? Password, string? Code);

    internal sealed record CodeRequest(string Code);
}
