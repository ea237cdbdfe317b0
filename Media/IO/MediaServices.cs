using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace MediaRelay.Media.IO;

/// <summary>Registers the media part.</summary>
public static class MediaServices
{
    /// <summary>Adds <see cref="MediaHost"/> and its metrics; needs logging and, when the host has one, takes its <see cref="TimeProvider"/>.</summary>
    public static IServiceCollection AddMedia(this IServiceCollection services, MediaOptions options)
    {
        services.AddLogging();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(options);
        services.AddSingleton<MediaHost>();
        services.AddSingleton<MediaMetrics>();
        return services;
    }
}
