"""What lives in PostGIS, and how it is drawn; builds statements and pictures, opens no connection."""
