using Microsoft.AspNetCore.Routing;

namespace MediaRelay.Signaling.IO.Portal;

/// <summary>Endpoints that live on the portal's listener. Register implementations in the container; the portal maps all of them.</summary>
public interface IPortalModule
{
    /// <summary>Adds the endpoints. Requests carry the person in <see cref="PortalGuard.SessionOf"/>; what is not marked by <see cref="PortalGuard.AllowAnonymous"/> needs one.</summary>
    void Map(IEndpointRouteBuilder routes);
}
