using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace MediaRelay.Signaling.IO.Portal;

/// <summary>What the generated OpenAPI description cannot see by itself: how a caller logs in, and the headers that are read from the request.</summary>
internal static class PortalDescription
{
    private const string Login = "login", Csrf = "page", Bearer = "bearer";

    /// <summary>Marks an endpoint that waits for the home's word when asked to.</summary>
    public static T TakesWait<T>(T endpoint)
        where T : IEndpointConventionBuilder
    {
        endpoint.Add(b => b.Metadata.Add(Wait.Instance));
        return endpoint;
    }

    /// <summary>Completes the description.</summary>
    public static void Complete(OpenApiOptions options)
    {
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Components ??= new OpenApiComponents();
            document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>();
            document.Components.SecuritySchemes[Login] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.ApiKey, In = ParameterLocation.Cookie, Name = PortalGuard.Cookie, Description = "The cookie that POST /api/login sets; a new one comes with each second factor.",
            };
            document.Components.SecuritySchemes[Csrf] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.ApiKey, In = ParameterLocation.Header, Name = PortalGuard.CsrfHeader, Description = "The csrf value of POST /api/login or GET /api/me; every change by cookie needs it.",
            };
            document.Components.SecuritySchemes[Bearer] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.Http, Scheme = "bearer", Description = "A token of POST /api/session/tokens. It looks in over /whep and does nothing else.",
            };
            return Task.CompletedTask;
        });
        options.AddOperationTransformer((operation, context, _) =>
        {
            IList<object> metadata = context.Description.ActionDescriptor.EndpointMetadata;
            if (metadata.OfType<Wait>().Any())
            {
                operation.Parameters ??= [];
                operation.Parameters.Add(new OpenApiParameter
                {
                    Name = "Prefer", In = ParameterLocation.Header, Schema = new OpenApiSchema { Type = JsonSchemaType.String },
                    Description = "wait=SECONDS, at most 10 (RFC 7240): answer 200 when the home has done it, 409 when it refused, 202 when it said nothing in time.",
                });
            }

            if (!metadata.OfType<PortalGuard.Anonymous>().Any())
                operation.Security = Requirements(context.Document, "/" + context.Description.RelativePath, HttpMethods.IsGet(context.Description.HttpMethod ?? ""));
            return Task.CompletedTask;
        });
    }

    private static List<OpenApiSecurityRequirement> Requirements(OpenApiDocument? document, string path, bool isRead)
    {
        var login = new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(Login, document)] = [] };
        if (!isRead)
            login[new OpenApiSecuritySchemeReference(Csrf, document)] = [];
        return path.StartsWith("/whep", StringComparison.Ordinal) ? [login, new() { [new OpenApiSecuritySchemeReference(Bearer, document)] = [] }] : [login];
    }

    private sealed class Wait
    {
        public static Wait Instance { get; } = new();
    }
}
