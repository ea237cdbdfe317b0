using MediaRelay.Signaling.IO.Portal;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace MediaRelay.Signaling.IO.Sessions;

/// <summary>Look-ins for the operator's command line, under <c>/admin/sessions</c> on the management listener: all of them, or one with its whole story.</summary>
public static class SessionAdmin
{
    private const int Most = 1000;

    /// <summary>Adds the pages.</summary>
    public static void MapSessionAdmin(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/admin/sessions", (HttpContext context, int? limit) =>
        {
            LookInLog log = context.RequestServices.GetRequiredService<LookInLog>();
            return Results.Text(PortalJson.Write(new { sessions = log.AllActive().Concat(log.AllPast(Math.Clamp(limit ?? 50, 1, Most))) }), "application/json");
        });
        endpoints.MapGet("/admin/sessions/{session}", (HttpContext context, string session) =>
            context.RequestServices.GetRequiredService<LookInLog>().Find(session) is { } entry ? Results.Text(PortalJson.Write(entry), "application/json") : Results.NotFound());
    }
}
