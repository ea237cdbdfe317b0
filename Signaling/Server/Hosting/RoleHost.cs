using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging.Console;
using MediaRelay.Server.Configuration;
using MediaRelay.Server.Roles;
using MediaRelay.Server.Telemetry;

namespace MediaRelay.Server.Hosting;

/// <summary>
/// Puts the process around its roles: logging, health, metrics, signals, systemd. Roles add their services and endpoints.
/// A service that drains implements <see cref="IHostedLifecycleService.StoppingAsync"/>: it runs on the first SIGTERM while
/// the HTTP listeners still answer (with /readyz at 503), for at most <see cref="NodeOptions.DrainTimeout"/>.
/// </summary>
internal static class RoleHost
{
    private const string Management = "mediarelay.management";

    /// <summary>Builds the application; nothing listens yet.</summary>
    /// <param name="configuration">The checked configuration; its roles run.</param>
    /// <param name="more">Adds services that no role has, e.g. the demo's emulated network.</param>
    public static WebApplication Build(ServerConfiguration configuration, Action<WebApplicationBuilder>? more = null)
    {
        var builder = CreateBuilder(configuration.Node);
        foreach (var role in configuration.Roles)
        {
            role.AddServices(builder, configuration);
        }

        more?.Invoke(builder);
        var app = builder.Build();
        MapManagement(app, configuration.Roles.Select(r => r.Section));
        foreach (var role in configuration.Roles)
        {
            role.Map(app, configuration);
        }

        return app;
    }

    /// <summary>A builder with logging, health, metrics, signals and the management listener, for commands that add their own services.</summary>
    public static WebApplicationBuilder CreateBuilder(NodeOptions host)
    {
        // Empty arguments and no default sources: our configuration is the only one, so ASPNETCORE_URLS cannot open a port.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "mediarelay" });
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration();
        builder.Services.AddRoutingCore();
        AddLogging(builder.Logging, host);
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<PrometheusText>();
        builder.Services.AddSingleton<IHostLifetime, SignalLifetime>();
        builder.Services.AddHealthChecks().AddCheck<ThreadPoolHealth>("thread-pool");
        builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = host.DrainTimeout);
        if (Environment.GetEnvironmentVariable("OTEL_EXPORTER_OTLP_ENDPOINT") is { Length: > 0 })
        {
            builder.Services.AddSingleton<OtlpExport>();
        }

        if (host.MetricsListen.Length == 0)
        {
            // A role that listens with this server puts it back by UseKestrelCore.
            builder.WebHost.UseServer(new NoHttpServer());
        }

        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            if (host.MetricsListen.Length > 0)
            {
                kestrel.Listen(Endpoints.Parse(host.MetricsListen), AsManagement);
            }
        });
        return builder;
    }

    /// <summary>Adds /healthz, /readyz and /metrics, reachable only through the management listener, and hides everything else there.</summary>
    public static void MapManagement(WebApplication app, IEnumerable<string> roles)
    {
        var metrics = app.Services.GetRequiredService<PrometheusText>();
        _ = app.Services.GetService<OtlpExport>();
        app.Use((context, next) =>
        {
            var path = context.Request.Path;
            var asked = path.StartsWithSegments("/healthz") || path.StartsWithSegments("/readyz") || path.StartsWithSegments("/metrics") || path.StartsWithSegments("/admin");
            if (asked == IsManagement(context))
            {
                return next(context);
            }

            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        });
        HealthEndpoints.Map(app, [.. roles]);
        app.MapGet("/metrics", () => Results.Text(metrics.Write(), "text/plain; version=0.0.4; charset=utf-8"));
    }

    /// <summary>True when the request came in through the management listener.</summary>
    public static bool IsManagement(HttpContext context) =>
        context.Features.Get<IConnectionItemsFeature>()?.Items.ContainsKey(Management) == true;

    private static void AsManagement(ListenOptions listen)
    {
        listen.Protocols = HttpProtocols.Http1;
        listen.Use(next => connection =>
        {
            connection.Items[Management] = true;
            return next(connection);
        });
    }

    /// <summary>The log form of this program, for hosts without a web server.</summary>
    public static void AddLogging(ILoggingBuilder logging, NodeOptions host)
    {
        logging.SetMinimumLevel(host.LogLevel);
        // The framework's own information lines say nothing that an operator would count per day.
        logging.AddFilter("Microsoft", host.LogLevel > LogLevel.Warning ? host.LogLevel : LogLevel.Warning);
        logging.AddFilter("System", host.LogLevel > LogLevel.Warning ? host.LogLevel : LogLevel.Warning);
        // A start that fails is reported once, as a sentence, by ServerRunner.
        logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.Critical);
        if (host.LogForm == LogForm.Json)
        {
            logging.AddJsonConsole(o =>
            {
                o.UseUtcTimestamp = true;
                o.TimestampFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";
            });
            return;
        }

        logging.AddConsole(o => o.FormatterName = LineFormatter.FormatterName);
        logging.AddConsoleFormatter<LineFormatter, ConsoleFormatterOptions>();
    }
}
