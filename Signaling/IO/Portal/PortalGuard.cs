using System.Net;
using MediaRelay.Signaling.Access;
using MediaRelay.Signaling.IO.Gateways;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;

namespace MediaRelay.Signaling.IO.Portal;

/// <summary>
/// What every request of the portal's listener passes: who is it, may the browser's page send it (anti-forgery token and origin), and the
/// headers that keep pages from being framed, sniffed or extended by foreign script.
/// </summary>
public sealed class PortalGuard(PortalSessions sessions)
{
    /// <summary>The session cookie.</summary>
    public const string Cookie = "__Host-mediarelay";

    /// <summary>The header that carries the anti-forgery token.</summary>
    public const string CsrfHeader = "X-MediaRelay-Csrf";

    /// <summary>Set by a page for what it asks while nobody uses it, so that a page left open is logged out in time.</summary>
    public const string UnattendedHeader = "X-MediaRelay-Unattended";

    private static readonly object s_key = new();
    private static readonly object s_old = new();

    /// <summary>The person of this request, null when nobody is logged in.</summary>
    public static PortalSession? SessionOf(HttpContext context) => context.Items[s_key] as PortalSession;

    /// <summary>The person of this request as the access policy knows it. Only behind the guard.</summary>
    public static Actor ActorOf(HttpContext context) => SessionOf(context)!.User.ToActor();

    /// <summary>The address of the asker, for audit and throttles.</summary>
    public static string SourceOf(HttpContext context)
    {
        IPAddress? address = context.Connection.RemoteIpAddress;
        return (address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address)?.ToString() ?? "local";
    }

    /// <summary>Marks an endpoint that needs nobody logged in.</summary>
    public static T AllowAnonymous<T>(T endpoint)
        where T : IEndpointConventionBuilder
    {
        endpoint.Add(b => b.Metadata.Add(Anonymous.Instance));
        return endpoint;
    }

    /// <summary>True when the request names the session by the id it had before it was given more rights.</summary>
    internal static bool IsOldId(HttpContext context) => context.Items.ContainsKey(s_old);

    /// <summary>Marks an endpoint that is kept open by the page itself, which is no sign that anybody is there.</summary>
    internal static T IsNoUse<T>(T endpoint)
        where T : IEndpointConventionBuilder
    {
        endpoint.Add(b => b.Metadata.Add(NoUse.Instance));
        return endpoint;
    }

    internal async Task HandleAsync(HttpContext context, RequestDelegate next)
    {
        Headers(context);
        if (context.Request.Path.StartsWithSegments("/api") || context.Request.Path.StartsWithSegments("/whep"))
            context.Response.Headers.CacheControl = "no-store";
        Identify(context);
        PortalSession? session = SessionOf(context);
        bool isApi = context.GetEndpoint() is not null;
        bool isOpen = context.GetEndpoint()?.Metadata.GetMetadata<Anonymous>() is not null;
        if (isApi && !isOpen && session is null)
        {
            context.Response.Headers.WWWAuthenticate = "Bearer realm=\"mediarelay\"";
            await Problem.Of(StatusCodes.Status401Unauthorized, "unauthorized", "Log in, or send a bearer token.").ExecuteAsync(context).ConfigureAwait(false);
            return;
        }

        if (isApi && session is { IsForPlayers: true } && !context.Request.Path.StartsWithSegments("/whep"))
        {
            await Problem.Of(StatusCodes.Status403Forbidden, "token-scope", "This token is for looking in over WHEP and for nothing else.").ExecuteAsync(context).ConfigureAwait(false);
            return;
        }

        if (IsChange(context.Request.Method) && !IsOwnPage(context, session, isOpen))
        {
            await Problem.Of(StatusCodes.Status403Forbidden, "forged-request", "The request did not come from a page of this portal.").ExecuteAsync(context).ConfigureAwait(false);
            return;
        }

        // Staff without the second factor that they must have can enrol it and log out, and nothing else.
        if (isApi && !isOpen && session is { IsToken: false, User: { IsStaff: true } user } && sessions.MustEnrol(user)
            && context.GetEndpoint()!.Metadata.GetMetadata<BeforeEnrolment>() is null)
        {
            await Problem.Of(StatusCodes.Status403Forbidden, "enrol-second-factor", "Staff need a second factor. Enrol an authenticator app under Your account first.", "second-factor").ExecuteAsync(context).ConfigureAwait(false);
            return;
        }

        await next(context).ConfigureAwait(false);
    }

    /// <summary>Marks an endpoint that staff reach before they have enrolled a second factor.</summary>
    internal static T AllowBeforeEnrolment<T>(T endpoint)
        where T : IEndpointConventionBuilder
    {
        endpoint.Add(b => b.Metadata.Add(BeforeEnrolment.Instance));
        return endpoint;
    }

    private void Identify(HttpContext context)
    {
        string? authorization = context.Request.Headers.Authorization;
        string? id = authorization is not null && authorization.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase)
            ? authorization[7..].Trim()
            : context.Request.Cookies[Cookie];
        bool isUse = !context.Request.Headers.ContainsKey(UnattendedHeader) && context.GetEndpoint()?.Metadata.GetMetadata<NoUse>() is null;
        if (id is not { Length: > 0 and < 200 } || sessions.Find(id, isUse, out bool isOld) is not { } session)
            return;
        // A token in a cookie, or a cookie in a header, is not what either was given for.
        if (session.IsToken != (authorization is not null))
            return;
        context.Items[s_key] = session;
        if (isOld)
            context.Items[s_old] = true;
        ConnectionGate.MarkAuthenticated(context.Features.Get<IConnectionItemsFeature>());
    }

    /// <summary>Browsers send cookies by themselves, so a change by cookie needs the token of the page and the browser's word that the page is ours.</summary>
    private static bool IsOwnPage(HttpContext context, PortalSession? session, bool isOpen)
    {
        if (session is { IsToken: true })
            return true;
        HttpRequest request = context.Request;
        string? origin = request.Headers.Origin;
        string? site = request.Headers["Sec-Fetch-Site"];
        if (origin is not null && !string.Equals(origin, $"{request.Scheme}://{request.Host}", StringComparison.OrdinalIgnoreCase))
            return false;
        if (site is not null and not "same-origin" and not "none")
            return false;
        // Login has no session yet; its origin check above keeps foreign pages out.
        return isOpen || session is null || request.Headers[CsrfHeader] == session.Csrf;
    }

    private static bool IsChange(string method) => !(HttpMethods.IsGet(method) || HttpMethods.IsHead(method) || HttpMethods.IsOptions(method));

    private static void Headers(HttpContext context)
    {
        IHeaderDictionary headers = context.Response.Headers;
        headers.ContentSecurityPolicy = "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; connect-src 'self'; style-src 'self'; script-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers["Permissions-Policy"] = "microphone=(self), camera=(), geolocation=()";
        headers.StrictTransportSecurity = "max-age=31536000";
    }

    /// <summary>Marks what needs nobody logged in.</summary>
    internal sealed class Anonymous
    {
        public static Anonymous Instance { get; } = new();
    }

    private sealed class NoUse
    {
        public static NoUse Instance { get; } = new();
    }

    private sealed class BeforeEnrolment
    {
        public static BeforeEnrolment Instance { get; } = new();
    }
}
